#include "exporters/beacon/validators_file.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/log.h"
#include "common/number.h"
#include "common/text.h"

namespace stakewatch::beacon {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{64} << 20;
constexpr std::size_t kKeyDigits = 96;
constexpr std::size_t kGroupBytesMax = 64;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kSpaces = " \t\r\v\f";
constexpr std::string_view kRight = "a public key (0x and 96 hexadecimal digits) or an index";

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// The next word of the line, taken off it; empty at its end.
std::string_view TakeWord(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kSpaces), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kSpaces));
  line.remove_prefix(word.size());
  return word;
}

// As Roster keeps ids; empty if the word is neither key nor index.
std::string IdOf(std::string_view word) {
  std::string_view digits = word;
  if (word.size() == kKeyDigits + 2 && (word.starts_with("0x") || word.starts_with("0X"))) {
    digits.remove_prefix(2);
  }
  if (digits.size() == kKeyDigits) {
    std::string id("0x");
    id.reserve(kKeyDigits + 2);
    for (const char c : digits) id += Lower(c);
    const bool hex = std::all_of(id.begin() + 2, id.end(),
                                 [](char c) { return IsDigit(c) || (c >= 'a' && c <= 'f'); });
    return hex ? id : "";
  }
  const auto index = WholeNumber<std::uint64_t>(word);
  return index ? std::to_string(*index) : "";  // Without leading zeros.
}

bool IsGroup(std::string_view word) {
  return word.size() <= kGroupBytesMax && std::ranges::all_of(word, [](char c) {
           return IsDigit(c) || IsLower(Lower(c)) || std::string_view("_.:/-").contains(c);
         });
}

// One line without its comment. An error without the line's number.
Checked<void> AddLine(std::string_view line, Roster& roster) {
  const std::string_view word = TakeWord(line);
  if (word.empty()) return {};
  std::string id = IdOf(word);
  if (id.empty()) {
    return std::unexpected("\"" + CleanText(word, 40) + "\" is not " + std::string(kRight));
  }
  std::string_view group = TakeWord(line);
  if (group.empty()) group = "default";
  if (!IsGroup(group)) {
    return std::unexpected("the group \"" + CleanText(group, 40) +
                           "\" is not one word of letters, digits and _ . : / -, at most 64 bytes");
  }
  if (!TakeWord(line).empty())
    return std::unexpected("more than " + std::string(kRight) + " and one group");
  if (roster.Size() == kOwnKeysMax) {
    return std::unexpected("more than " + std::to_string(kOwnKeysMax) + " keys");
  }
  const std::string shown = id.substr(0, 14);
  if (!roster.Add(std::move(id), group)) return std::unexpected(shown + " stands twice");
  if (roster.Groups().size() > kGroupsMax) {
    return std::unexpected("more than " + std::to_string(kGroupsMax) + " groups");
  }
  return {};
}

}  // namespace

std::optional<std::size_t> Roster::Find(std::string_view id) const {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  return found->second;
}

bool Roster::Add(std::string id, std::string_view group) {
  if (by_id_.contains(id)) return false;
  if (Size() % kValidatorsPerRequest == 0) {
    // Room for a whole request, so that the texts stay where they are.
    std::vector<std::string> ids;
    ids.reserve(kValidatorsPerRequest);
    questions_.emplace_back(Call::kValidators, std::move(ids));
  }
  auto& ids = questions_.back().ids;
  ids.push_back(std::move(id));
  by_id_.emplace(ids.back(), static_cast<std::uint32_t>(Size()));
  auto at = std::ranges::find(groups_, group);
  if (at == groups_.end()) at = groups_.emplace(groups_.end(), group);
  groups_of_.push_back(static_cast<std::uint32_t>(at - groups_.begin()));
  return true;
}

Checked<Roster> ParseValidatorsFile(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Roster roster;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto added = AddLine(line.substr(0, line.find('#')), roster);
    if (!added) return std::unexpected("line " + std::to_string(number) + ": " + added.error());
  }
  return roster;
}

Checked<std::unique_ptr<ValidatorsFile>> OpenValidatorsFile(const std::string& path) {
  return ValidatorsFile::Open(
      path, kFileBytesMax, [had_keys = false](const std::string& text) mutable -> Checked<Roster> {
        auto roster = ParseValidatorsFile(text);
        if (!roster) return roster;
        if (had_keys && roster->Size() == 0) return std::unexpected("all keys are gone");
        had_keys = roster->Size() > 0;
        return roster;
      });
}

ValidatorsFile::State LookAt(ValidatorsFile& file) {
  auto state = file.Look();
  if (state.changed && state.error) {
    Log(LogLevel::kWarn, "the validators file is not read again", {{"error", *state.error}});
  } else if (state.changed) {
    Log(LogLevel::kInfo, "the validators file is read again",
        {{"validators", std::to_string(state.value->Size())}});
  }
  return state;
}

}  // namespace stakewatch::beacon
