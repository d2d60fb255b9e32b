#include "exporters/jormungandr/client.h"

#include <algorithm>
#include <utility>

#include "common/net/net.h"
#include "common/text.h"

namespace stakewatch::jormungandr {
namespace {

constexpr std::size_t kIdDigits = 64;
constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

Checked<void> CheckUrl(const std::string& text) {
  const auto url = ParseUrlOrSocket(text);
  if (!url) return std::unexpected(url.error());
  std::string path;
  for (const char c : url->path) path += static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  if (path.contains("shutdown") || path.contains('%')) {
    return std::unexpected("a path with \"shutdown\" or a % is never asked: it may stop a node");
  }
  return {};
}

std::optional<Id> Id::Of(std::string_view text) {
  std::string small(text);
  for (char& c : small) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  const bool hex = std::ranges::all_of(small, [](char c) { return kDigits.contains(c); });
  if (small.size() != kIdDigits || !hex) return std::nullopt;
  return Id(std::move(small));
}

Id Id::OfBytes(std::span<const char, 32> bytes) {
  return Id(HexOf({bytes.data(), bytes.size()}));
}

Result<std::string> Client::Get(const CallRow& row, const std::string& id,
                                const Deadline& deadline) const {
  const std::string name = std::string(row.name) + (id.empty() ? "" : "_" + id);
  return node_.Ask({.name = name, .path = std::string(row.path) + id, .body = {}}, deadline);
}

Result<void> Client::AskInPieces(Call call, const Deadline& deadline, std::uint64_t bytes_max,
                                 Pieces& to) const {
  const CallRow& row = kCalls[static_cast<std::size_t>(call)];
  const Request request{.name = row.name, .path = std::string(row.path), .body = {}};
  return node_.AskInPieces(request, deadline, bytes_max, to);
}

bool IsBootstrapping(const Error& error) {
  return error.reason == Reason::kHttpStatus && error.code >= 500 &&
         error.what.contains("context not available");
}

}  // namespace stakewatch::jormungandr
