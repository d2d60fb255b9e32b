#pragma once
// A Geth that is not one: HTTP, WebSocket and IPC faces, a chain that moves, peers that come and
// go, and faults that are switched on; and, when asked for, a beacon node that drives it, the
// validator client of that, a supervisord, a validator supervisor, and Jormungandr nodes. For tests
// in-process (ports 0), and behind stakewatch_sim.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/result.h"
#include "tests/sim/faults.h"

namespace stakewatch::sim {

struct Address {
  std::string host = "127.0.0.1";  // Numeric, IPv6 without brackets.
  std::uint16_t port = 0;          // 0: any free one.
};

struct Options {
  std::optional<Address> http = Address{};
  std::optional<Address> ws = Address{};
  std::optional<Address> control = Address{};    // Loopback only.
  std::optional<Address> webhook = {};           // Alertmanager's receiver.
  std::optional<Address> beacon = {};            // The Beacon API; its slots make the blocks.
  std::optional<Address> validator_client = {};  // The keymanager API and /metrics.
  std::optional<Address> supervisord = {};       // A supervisord's XML-RPC,
  std::string supervisord_socket = {};           // and the same over a unix socket.
  std::optional<Address> supervisor = {};        // The RPC of a validator supervisor,
  std::string supervisor_socket = {};            // the same over a unix socket,
  std::optional<Address> supervisor_tls = {};    // and by TLS, in front of `supervisor`.
  std::string supervisor_certificate = {};       // Where the certificate of that is written.
  // The local ports of its tunnels begin here (base, +3, +6 and +7); 0: there are none.
  std::uint16_t supervisor_forwards = 0;
  std::string supervisor_procfs = {};       // A folder like /proc with its processes; empty: none.
  std::string supervisor_home = {};         // A folder with its backup and its log; empty: none.
  std::optional<Address> jormungandr = {};  // Three nodes' REST, at /node/<i>.
  std::string ipc_path = {};                // Empty: no socket.
  double block_interval = 0;                // Seconds; 0: only NewBlock() makes blocks.
  double churn_interval = 0;                // Seconds; 0: peers neither come nor go.
  std::size_t peers = 50;                   // Of each node.
  int nodes = 1;                            // At /node/<i>; / is node 0.
  double slot_seconds = 12;                 // Of the beacon chain and Jormungandr's.
  std::uint64_t slots_per_epoch = 8;        // 8: the preset minimal, else mainnet.
  std::uint64_t history_epochs = 6;         // That the beacon chain has at the start.
  std::uint64_t validators = 64;
  std::uint64_t own_validators = 16;  // Those of the validator client: indices from 0 on.
  std::string network = "mainnet";
  std::uint64_t seed = 1;  // The same seed gives the same peers and hashes.
  std::function<void(const std::string&)> on_page =
      {};  // Each alert received: one line. Any thread.
};

class World;
class Server;
class TlsFront;

class Simulator {
 public:
  // Binds, and starts the thread. When Error() is not empty nothing is served.
  explicit Simulator(const Options& options);
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  // What could not be bound, naming the flag, e.g. "--http 127.0.0.1:8545: Address already in use".
  const std::string& Error() const { return error_; }

  // 0 when there is no such face.
  std::uint16_t HttpPort() const;
  std::uint16_t WsPort() const;
  std::uint16_t ControlPort() const;
  std::uint16_t WebhookPort() const;
  std::uint16_t BeaconPort() const;
  std::uint16_t ValidatorClientPort() const;
  std::uint16_t SupervisordPort() const;
  std::uint16_t SupervisorPort() const;
  std::uint16_t SupervisorTlsPort() const;
  std::uint16_t JormungandrPort() const;
  // http://127.0.0.1:port, with /node/<i> for i > 0.
  std::string HttpUrl(int node = 0) const;
  std::string WsUrl(int node = 0) const;
  std::string BeaconUrl() const;
  // The public keys of the own validators, one a line.
  std::string OwnKeys() const;

  // These are done when they return; from any thread.
  void SetFault(const Fault& fault);
  void Clear();
  void Clear(Kind kind);
  void NewBlock();  // All nodes that can follow do.
  std::uint64_t Head(int node = 0) const;
  std::uint64_t HeadSlot() const;  // The beacon node's, as it tells it.
  // How many calls there were, in batches too; of one method, or of all.
  std::uint64_t Calls(const std::string& method = {}) const;
  std::size_t OpenConnections() const;  // Of the node's faces.

 private:
  std::string error_;
  std::unique_ptr<World> world_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<TlsFront> tls_front_;  // Last: it passes on to the server.
};

}  // namespace stakewatch::sim
