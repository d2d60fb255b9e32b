#pragma once
// How the names that nodes give themselves are read: "Geth/v1.17.3-stable-c6d5e4a1/linux-amd64",
// "Prysm/v7.1.6-1fc4645 (linux amd64)".
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace stakewatch {

struct ClientName {
  std::string client;   // One of the known ones, in small letters, or other.
  std::string version;  // "1.17.3", or unknown.
};

// The parts between slashes are client, an identity if the operator set one, version, platform.
ClientName ParseClientName(std::string_view name, std::span<const std::string_view> known);

// "v1.17.3-stable" -> "1.17.3"; empty unless it begins with two numbers and a dot between.
std::string_view VersionOf(std::string_view text);

// A version as one number that rules can compare: 1000000 * major + 1000 * minor + patch. None when
// one of them is above 999, or there are no two of them.
std::optional<double> VersionNumber(std::string_view version);

}  // namespace stakewatch
