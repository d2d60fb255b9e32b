#include "common/sql/query_file.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <span>
#include <utility>

#include "common/duration.h"

namespace stakewatch {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kQueryBytesMax = 16U << 10;
constexpr milliseconds kEveryMin{1000};
constexpr milliseconds kEveryMax = std::chrono::hours(24);
constexpr milliseconds kWithinMax = std::chrono::minutes(1);
constexpr std::string_view kMark = "-- @";

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() >= 'a' && text.front() <= 'z' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

// The parts between `separator`, the empty ones left out.
std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Checked<milliseconds> Duration(std::string_view word, std::string_view value, milliseconds min,
                               milliseconds max) {
  const auto duration = ParseDuration(value);
  if (!duration) return std::unexpected(std::string(word) + ": " + duration.error());
  if (*duration < min || *duration > max) {
    return std::unexpected(std::string(word) + "=" + std::string(value) + " is not from " +
                           WriteDuration(min) + " to " + WriteDuration(max));
  }
  return duration;
}

// Of what stands behind the mark: name word=value …
Checked<SqlQuery> ParseHead(std::string_view text) {
  SqlQuery query;
  const auto words = Split(text, ' ');
  if (words.empty() || !IsName(words.front())) {
    return std::unexpected("a name of small letters, digits and _ is expected behind \"-- @\"");
  }
  query.name = words.front();
  for (const std::string_view word : std::span(words).subspan(1)) {
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string_view key = word.substr(0, equals);
    const std::string_view value = word.substr(std::min(equals + 1, word.size()));
    if (key == "with") {
      for (const std::string_view name : Split(value, ',')) query.with.emplace_back(name);
    } else if (key == "every" || key == "within") {
      const bool every = key == "every";
      const auto duration =
          Duration(key, value, every ? kEveryMin : milliseconds(1), every ? kEveryMax : kWithinMax);
      if (!duration) return std::unexpected(duration.error());
      (every ? query.every : query.within) = *duration;
    } else {
      return std::unexpected("\"" + std::string(word) +
                             "\": every=, within= and with= are what can stand there");
    }
  }
  if (query.every == milliseconds(0) || query.within == milliseconds(0)) {
    return std::unexpected("every=<duration> and within=<duration> are expected");
  }
  if (query.within > query.every) return std::unexpected("within= is longer than every=");
  return query;
}

// The statement without comments and the semicolon at its end. A comment in the middle of a line
// stays, since only the server knows where a string ends.
Checked<std::string> Statement(const std::string& lines) {
  std::string_view text = Trimmed(lines);
  if (text.ends_with(';')) text = Trimmed(text.substr(0, text.size() - 1));
  if (text.size() > kQueryBytesMax) return std::unexpected("a query of more than 16 KiB");
  std::string word(text.substr(0, std::min(text.find_first_of(" \t\r\n("), text.size())));
  std::ranges::transform(word, word.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  if (word != "SELECT" && word != "WITH") {
    return std::unexpected("a query begins with SELECT or WITH");
  }
  if (text.contains(';')) return std::unexpected("a second statement, or a ; within the query");
  return std::string(text);
}

}  // namespace

Checked<std::vector<SqlQuery>> ParseQueryFile(std::string_view text) {
  std::vector<SqlQuery> queries;
  std::string lines;
  std::size_t number = 0, begun_at = 0;
  std::optional<SqlQuery> query;
  const auto at = [](std::size_t line, const std::string& what) {
    return std::unexpected("line " + std::to_string(line) + ": " + what);
  };
  const auto finish = [&]() -> Checked<void> {
    if (!query) return {};
    auto statement = Statement(lines);
    if (!statement) return at(begun_at, query->name + ": " + statement.error());
    query->text = std::move(*statement);
    queries.push_back(std::move(*query));
    lines.clear();
    return {};
  };
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with(kMark)) {
      if (const auto finished = finish(); !finished) return std::unexpected(finished.error());
      auto head = ParseHead(line.substr(kMark.size()));
      if (!head) return at(number, head.error());
      if (std::ranges::find(queries, head->name, &SqlQuery::name) != queries.end()) {
        return at(number, "a second query " + head->name);
      }
      query = std::move(*head);
      begun_at = number;
    } else if (!line.empty() && !line.starts_with("--")) {
      if (!query) return at(number, "above the first \"-- @\" line only comments can stand");
      lines += line;
      lines += '\n';
    }
  }
  if (const auto finished = finish(); !finished) return std::unexpected(finished.error());
  return queries;
}

}  // namespace stakewatch
