#include "exporters/geth/expected_peers.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

#include "exporters/geth/metrics.h"
#include "exporters/geth/peers.h"

namespace stakewatch::geth {
namespace {

constexpr std::size_t kFileBytesMax = 1U << 20;
constexpr std::size_t kKeyDigits = 128;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return lower;
}

// The key of enode://<key>@…, lower case; empty if the text is no enode.
std::string KeyOf(std::string_view enode) {
  constexpr std::string_view kScheme = "enode://";
  if (!enode.starts_with(kScheme)) return "";
  enode.remove_prefix(kScheme.size());
  if (enode.size() <= kKeyDigits || enode[kKeyDigits] != '@') return "";
  const auto hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  if (!std::ranges::all_of(enode.substr(0, kKeyDigits), hex)) return "";
  return Lower(enode.substr(0, kKeyDigits));
}

}  // namespace

Checked<std::vector<ExpectedPeer>> ParseExpectedPeers(std::string_view text) {
  std::vector<ExpectedPeer> peers;
  std::set<std::string> keys;
  std::set<std::string> labels;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const auto wrong = [&](const std::string& why) {
      return std::unexpected("line " + std::to_string(number) + ": " + why);
    };
    std::istringstream words(line.substr(0, line.find('#')));
    std::string enode;
    std::string label;
    std::string more;
    if (!(words >> enode)) continue;
    const std::string key = KeyOf(enode);
    if (key.empty()) return wrong("enode://<128 hex digits>@<host>:<port> [label] is right");
    if (!(words >> label)) label = key.substr(0, 16);
    if (words >> more) return wrong("a label is one word");
    label = CleanLabelValue(label);
    if (!keys.insert(key).second) return wrong("this key stands twice");
    if (!labels.insert(label).second) return wrong("the label " + label + " stands twice");
    peers.push_back({label, key});
  }
  return peers;
}

Checked<std::unique_ptr<ExpectedPeersFile>> OpenExpectedPeers(const std::string& path) {
  return ExpectedPeersFile::Open(path, kFileBytesMax, ParseExpectedPeers);
}

void TellExpectedPeers(const std::vector<ExpectedPeer>& expected, const std::vector<Peer>& peers,
                       Sheet& sheet) {
  std::set<std::string> connected;
  for (const Peer& peer : peers) {
    std::string key = KeyOf(peer.enode);
    if (key.empty()) key = Lower(peer.id.starts_with("0x") ? peer.id.substr(2) : peer.id);
    connected.insert(std::move(key));
  }
  const std::size_t told = std::min(expected.size(), kExpectedPeersMax);
  sheet.Set(kExpectedPeers, static_cast<double>(expected.size()));
  sheet.Set(kExpectedPeersTruncated, static_cast<double>(expected.size() - told));
  for (const ExpectedPeer& peer : std::span(expected).first(told)) {
    sheet.Set(kExpectedPeerConnected, connected.contains(peer.public_key) ? 1 : 0, peer.label);
  }
}

}  // namespace stakewatch::geth
