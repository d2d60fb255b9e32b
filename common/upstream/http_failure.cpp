#include "common/upstream/http_failure.h"

#include <string>
#include <string_view>
#include <utility>

#include "common/text.h"

namespace stakewatch {
namespace {

constexpr std::size_t kErrorTextBytesMax = 120;

// A body that quotes the request must not bring a secret into the log.
void Hide(std::string_view secret, std::string& text) {
  if (secret.size() < 4) return;
  for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos;) {
    text.replace(at, secret.size(), "***");
  }
}

}  // namespace

Error StatusError(const HttpPeer& peer, const HttpQuestion& question, HttpAnswer answer) {
  std::string& text = answer.body;
  const std::string& credentials = question.authorization;
  Hide(std::string_view(credentials).substr(credentials.find(' ') + 1), text);
  Hide(peer.url.path, text);  // Where some providers put the key.
  for (char& c : text) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  text.erase(0, text.find_first_not_of(' '));
  text = CleanText(text, kErrorTextBytesMax);
  return {Reason::kHttpStatus,
          "HTTP " + std::to_string(answer.status) + (text.empty() ? "" : ": ") + text,
          answer.status};
}

}  // namespace stakewatch
