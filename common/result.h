#pragma once
// A value, or the reason there is none.
#include <array>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace stakewatch {

// Why a source gave no answer. The operator sees these words as the label `reason`.
enum class Reason { kUnreachable, kTimeout, kTls, kHttpStatus, kRpcError, kQueryError, kBadAnswer };

inline constexpr std::array<std::string_view, 7> kReasonWords = {
    "unreachable", "timeout", "tls", "http_status", "rpc_error", "query_error", "bad_answer"};

constexpr std::string_view Word(Reason reason) {
  return kReasonWords[static_cast<std::size_t>(reason)];
}

struct Error {
  Reason reason;
  std::string what;  // One line, for the log: what was asked, of whom, what came back.
  int code = 0;      // Of the HTTP status or the JSON-RPC error, where there is one.
};

// What a reader throws when an answer has another shape than it needs. Ends in the function that
// gave it the answer: Decode and its like.
struct BadShape {
  std::string what;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> Fail(Reason reason, std::string what, int code = 0) {
  return std::unexpected(Error{reason, std::move(what), code});
}

// For what the operator wrote (a flag, a file): a value, or one line that says what would be right.
template <class T>
using Checked = std::expected<T, std::string>;

}  // namespace stakewatch
