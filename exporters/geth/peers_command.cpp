#include "exporters/geth/peers_command.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <ctime>

#include <nlohmann/json.hpp>

#include "common/text.h"
#include "exporters/geth/client.h"
#include "exporters/geth/node.h"

namespace stakewatch::geth {
namespace {

using Row = std::array<std::string, 6>;

std::string VersionWord(const Peer::Protocol& protocol) {
  if (protocol.version) return std::to_string(*protocol.version);
  return protocol.handshake ? "handshake" : "?";
}

std::string ProtocolWords(const Peer& peer) {
  std::string words;
  for (const Peer::Protocol& protocol : peer.protocols) {
    if (!words.empty()) words += ' ';
    words += CleanText(protocol.name, 16) + "/" + VersionWord(protocol);
  }
  return words;
}

std::string DirectionWord(const Peer& peer) {
  std::string word = !peer.inbound ? "?" : *peer.inbound ? "in" : "out";
  if (peer.is_static) word += " static";
  if (peer.trusted) word += " trusted";
  return word;
}

// False when nobody reads any more.
bool Print(const std::string& text) {
  return std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
}

bool PrintOnce(const std::vector<Peer>& peers, const PeersCommand& command) {
  if (command.output == "json") return Print(PeersJson(peers));
  // On a terminal the list is written over itself; into a pipe one list follows the other.
  const bool over = command.follow && ::isatty(STDOUT_FILENO) == 1;
  std::string text = over ? "\x1b[H\x1b[2J" : "";
  if (command.follow) {
    const std::time_t now = std::time(nullptr);
    char when[40] = "";
    std::tm utc{};
    if (std::strftime(when, sizeof when, "%FT%TZ", gmtime_r(&now, &utc)) > 0) text += when;
    text += "  " + std::to_string(peers.size()) + " peers\n";
  }
  return Print(text + PeersTable(peers));
}

// True when it is time to end. Waits for the signals, so that there is no busy loop.
bool EndedWithin(std::chrono::milliseconds wait, const sigset_t& signals) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
  const std::timespec limit{seconds.count(), static_cast<long>((wait - seconds).count() * 1000000)};
  return ::sigtimedwait(&signals, nullptr, &limit) >= 0;
}

}  // namespace

void DeclareFlags(Flags& flags, PeersCommand& command) {
  flags.Add("follow", command.follow, "Ask again and again, until Ctrl-C.");
  flags.Add("interval", command.interval, "How long to wait between two questions.");
  flags.AddChoice("output", command.output, {"table", "json"}, "How the list looks.");
}

std::string PeersTable(const std::vector<Peer>& peers) {
  std::vector<Row> rows = {{"CLIENT", "VERSION", "DIRECTION", "ADDRESS", "PROTOCOLS", "ID"}};
  for (const Peer& peer : peers) {
    const ClientName name = ParseClientName(peer.name);
    const std::string client = name.client == "other" ? CleanText(peer.name, 24) : name.client;
    rows.push_back({client, name.version, DirectionWord(peer), CleanText(peer.remote_address, 64),
                    ProtocolWords(peer), CleanText(peer.id, 16)});
  }
  std::array<std::size_t, 6> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string table;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - row[i].size() + 2, ' ');
    }
    table += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return table;
}

std::string PeersJson(const std::vector<Peer>& peers) {
  std::string text;
  for (const Peer& peer : peers) {
    const ClientName name = ParseClientName(peer.name);
    auto protocols = nlohmann::ordered_json::array();
    for (const Peer::Protocol& p : peer.protocols) {
      protocols.push_back(p.name + "/" + VersionWord(p));
    }
    nlohmann::ordered_json object = {{"enode", peer.enode},
                                     {"id", peer.id},
                                     {"name", peer.name},
                                     {"client", name.client},
                                     {"version", name.version},
                                     {"direction", !peer.inbound   ? "unknown"
                                                   : *peer.inbound ? "inbound"
                                                                   : "outbound"},
                                     {"static", peer.is_static},
                                     {"trusted", peer.trusted},
                                     {"remote_address", peer.remote_address},
                                     {"protocols", protocols}};
    if (peer.earliest_block) object["earliest_block"] = *peer.earliest_block;
    if (peer.latest_block) object["latest_block"] = *peer.latest_block;
    text += object.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
  }
  return text;
}

int RunPeers(const Settings& settings, const PeersCommand& command) {
  if (command.interval < std::chrono::milliseconds(100)) {
    std::fprintf(stderr, "geth_exporter: --interval: 100ms or more is right\n");
    return 2;
  }
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  const auto checked = CheckOptions(settings.upstream);
  const auto node =
      checked ? RpcUpstream(settings.url, settings.upstream) : std::unexpected(checked.error());
  if (!node) {
    std::fprintf(stderr, "geth_exporter: --geth.url: %s\n", node.error().c_str());
    return 2;
  }
  for (;;) {
    const auto peers =
        Client(**node).Ask(Call::kAdminPeers, Deadline(std::chrono::seconds(10)), ParsePeers);
    if (!peers) {
      std::fprintf(stderr, "geth_exporter: %s\n", CleanText(peers.error().what, 400).c_str());
      if (!command.follow) return 1;
    } else if (!PrintOnce(*peers, command) || !command.follow) {
      return 0;
    }
    if (EndedWithin(command.interval, signals)) return 0;
  }
}

}  // namespace stakewatch::geth
