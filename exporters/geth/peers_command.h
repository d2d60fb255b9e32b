#pragma once
// geth_exporter peers [--follow]: the connected peers, on the terminal.
#include <chrono>
#include <string>
#include <vector>

#include "common/flags.h"
#include "exporters/geth/geth.h"
#include "exporters/geth/peers.h"

namespace stakewatch::geth {

struct PeersCommand {
  bool follow = false;
  std::chrono::milliseconds interval{2000};  // Between two questions, with --follow.
  std::string output = "table";
};

void DeclareFlags(Flags& flags, PeersCommand& command);

// Exit status: 0; 1 when the node gave no list (with --follow it is asked again instead); 2 when a
// flag is wrong. With --follow until SIGINT, SIGTERM, or the reader is gone.
int RunPeers(const Settings& settings, const PeersCommand& command);

// One line a peer, columns aligned; foreign text is cleaned, so that no name moves the cursor.
std::string PeersTable(const std::vector<Peer>& peers);
// An object a line: enode, id, name, client, version, direction, static, trusted, remote_address,
// protocols ["eth/70"], earliest_block and latest_block where they are told.
std::string PeersJson(const std::vector<Peer>& peers);

}  // namespace stakewatch::geth
