#pragma once
// One connection to an HTTP(S) upstream.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/deadline.h"
#include "common/result.h"
#include "common/upstream/http_peer.h"
#include "common/upstream/upstream.h"

namespace stakewatch {

struct HttpQuestion {
  std::string path;  // And query.
  std::string body;  // Empty: GET; otherwise POST.
  std::string content_type = "application/json";
  std::string authorization;
  std::string accept = "application/json";

  std::string_view Method() const { return body.empty() ? "GET" : "POST"; }
};

// Where the body of a good answer goes instead of HttpAnswer.
struct HttpPieces {
  // For a body without an end. No connection lives to see this many.
  static constexpr std::uint64_t kEndless = std::uint64_t{1} << 62;

  Pieces& to;
  std::uint64_t bytes_max;
  // With it, the deadline is that of the head alone, and each wait for more of the body may take so
  // long.
  std::optional<milliseconds> silence_max{};
  // Sees the head of a good answer before any piece. An error is that of the question.
  std::function<Result<void>(int status, const std::string& content_type)> begin{};
};

struct HttpAnswer {
  int status = 0;
  std::string body;  // Capacity for 64 bytes more. Of a status other than 2xx at most 64 KiB.
};

// Used by one request at a time.
class HttpLink {
 public:
  static Result<std::unique_ptr<HttpLink>> Connect(HttpPeer& peer, const Deadline& deadline);
  virtual ~HttpLink() = default;

  // kHttpStatus is for the caller to tell; every other error is told here: kTimeout, kTls,
  // kUnreachable for a reset or nothing at all, kBadAnswer for what is cut off, too long,
  // compressed or no HTTP. With `pieces` also what the one who takes them says.
  virtual Result<HttpAnswer> Ask(const HttpQuestion& question, const Deadline& deadline,
                                 const std::optional<HttpPieces>& pieces) = 0;
  // The last answer came whole and the upstream lets us ask again.
  virtual bool Reusable() const = 0;
  // Not too old, and nobody has hung up or spoken out of turn since.
  virtual bool Fresh() const = 0;
  // The last question failed before a byte of an answer, because the connection ended.
  virtual bool WentAway() const = 0;
};

}  // namespace stakewatch
