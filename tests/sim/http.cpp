// HTTP/1.1, as much of it as the clients of Geth use.
#include "tests/sim/http.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace stakewatch::sim {
namespace {

constexpr std::size_t kHeaderBytesMax = 1U << 20;  // Go's default.
constexpr std::size_t kBodyBytesMax = 5U << 20;    // Geth's.
constexpr std::size_t kUnchunkedBytesMax = 2048;   // Go's buffer of an answer.

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool ParseRequestLine(std::string_view line, HttpRequest& request) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  request.method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  request.query = question == std::string_view::npos ? "" : target.substr(question + 1);
  request.keep_alive = line.substr(last + 1) == "HTTP/1.1";
  return line.substr(last + 1).starts_with("HTTP/1.");
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      plain += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && HexValue(text[i + 1]) >= 0 &&
               HexValue(text[i + 2]) >= 0) {
      plain += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

std::string_view HttpRequest::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

HttpParse ParseHttp(std::string_view text, HttpRequest& request) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    return text.size() > kHeaderBytesMax ? HttpParse::kTooLarge : HttpParse::kMore;
  }
  std::size_t line_end = text.find("\r\n");
  if (!ParseRequestLine(text.substr(0, line_end), request)) return HttpParse::kBad;
  while (line_end < end) {
    const std::size_t start = line_end + 2;
    line_end = text.find("\r\n", start);
    const std::string_view line = text.substr(start, line_end - start);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return HttpParse::kBad;
    request.headers[Lower(line.substr(0, colon))] = Trim(line.substr(colon + 1));
  }
  const std::string connection = Lower(request.Header("connection"));
  if (connection == "close") request.keep_alive = false;
  if (connection == "keep-alive") request.keep_alive = true;
  std::size_t length = 0;
  const std::string_view told = request.Header("content-length");
  if (!told.empty()) {
    const auto parsed = std::from_chars(told.data(), told.data() + told.size(), length);
    if (parsed.ec != std::errc()) return HttpParse::kBad;
  }
  if (!request.Header("transfer-encoding").empty()) return HttpParse::kBad;
  if (length > kBodyBytesMax) return HttpParse::kTooLarge;
  request.bytes = end + 4 + length;
  if (text.size() < request.bytes) {
    const bool waits = Lower(request.Header("expect")) == "100-continue";
    return waits && text.size() == end + 4 ? HttpParse::kContinue : HttpParse::kMore;
  }
  request.body = text.substr(end + 4, length);
  return HttpParse::kComplete;
}

std::string_view DateLine() {
  thread_local std::time_t made = 0;
  thread_local std::string line;
  const std::time_t now = std::time(nullptr);
  if (now != made) {
    made = now;
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 64> text{};
    line.assign(text.data(),
                std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %T GMT\r\n", &parts));
  }
  return line;
}

std::string Text(const HttpHead& head) {
  std::string text = "HTTP/1.1 " + head.status + "\r\n";
  if (!head.content_type.empty()) text += "Content-Type: " + head.content_type + "\r\n";
  return text + head.headers;
}

Pieces HttpAnswer(Pieces body, bool keep_alive, const HttpHead& http_head) {
  const std::size_t bytes = Bytes(body);
  std::string head = Text(http_head);
  head += DateLine();
  if (bytes > kUnchunkedBytesMax) {
    std::array<char, 16> hex{};
    const auto end = std::to_chars(hex.begin(), hex.end(), bytes, 16).ptr;
    if (!keep_alive) head += "Connection: close\r\n";
    head += "Transfer-Encoding: chunked\r\n\r\n" + std::string(hex.begin(), end) + "\r\n";
    body.push_back(Share("\r\n0\r\n\r\n"));
  } else {
    head += "Content-Length: " + std::to_string(bytes) + "\r\n";
    if (!keep_alive) head += "Connection: close\r\n";
    // One piece is one packet.
    head += "\r\n" + Join(body);
    body.clear();
  }
  body.insert(body.begin(), Share(std::move(head)));
  return body;
}

std::string HttpText(std::string_view status, std::string_view content_type, std::string_view body,
                     std::string_view headers) {
  std::string text = Text({.status = std::string(status),
                           .content_type = std::string(content_type),
                           .headers = std::string(headers)});
  text += DateLine();
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  text += body;
  return text;
}

std::unordered_map<std::string, std::string> ParseQuery(std::string_view query) {
  std::unordered_map<std::string, std::string> parsed;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    parsed[Unescape(pair.substr(0, equals))] =
        equals < pair.size() ? Unescape(pair.substr(equals + 1)) : "";
  }
  return parsed;
}

}  // namespace stakewatch::sim
