#pragma once
// HTTP/1.1 requests read, answers written as Go's net/http writes them.
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tests/sim/rpc.h"

namespace stakewatch::sim {

struct HttpRequest {
  std::string_view method;
  std::string_view path;   // Without the query.
  std::string_view query;  // Without the question mark.
  std::string_view body;
  std::unordered_map<std::string, std::string> headers;  // Names in lower case.
  bool keep_alive = true;
  std::size_t bytes = 0;  // Of the whole request.

  std::string_view Header(const std::string& name) const;
};

enum class HttpParse { kComplete, kMore, kContinue, kBad, kTooLarge };

// The views point into `text`. kContinue: headers are complete, the body is not, and the client
// waits for "100 Continue".
HttpParse ParseHttp(std::string_view text, HttpRequest& request);

// What comes before a body, but for its length and the date.
struct HttpHead {
  std::string status = "200 OK";
  std::string content_type = "application/json";  // Empty: none.
  std::string headers = {};                       // Whole lines.
};
// The status line and those headers.
std::string Text(const HttpHead& head);

// Status line, headers, and the body's pieces. As in Go, a body above 2048 bytes comes chunked,
// as one chunk, and a smaller one with Content-Length last.
Pieces HttpAnswer(Pieces body, bool keep_alive, const HttpHead& head = {});
// For a body that is all there is of `content_type`; `headers` are whole lines.
std::string HttpText(std::string_view status, std::string_view content_type, std::string_view body,
                     std::string_view headers = {});
// The Date header's line, made once a second.
std::string_view DateLine();

std::unordered_map<std::string, std::string> ParseQuery(std::string_view query);

}  // namespace stakewatch::sim
