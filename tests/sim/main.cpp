// stakewatch_sim: the simulator as a program.
#include <getopt.h>
#include <sys/resource.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>

#include "tests/sim/chain.h"
#include "tests/sim/sockets.h"

namespace {

using stakewatch::sim::Address;
using stakewatch::sim::Options;

constexpr int kUsage = 2, kTaken = 3;

constexpr const char* kHelp =
    "stakewatch_sim: a simulated Geth, a beacon node with its validator client, a "
    "supervisord\n"
    "and a validator supervisor,\n"
    "with faults that are switched on by a request.\n\n"
    "  --http HOST:PORT        JSON-RPC over HTTP (127.0.0.1:8545)\n"
    "  --ws HOST:PORT          JSON-RPC over WebSocket (127.0.0.1:8546)\n"
    "  --ipc PATH              JSON-RPC over a unix socket of mode 0600 (none)\n"
    "  --control HOST:PORT     switches faults, loopback only (127.0.0.1:8540)\n"
    "  --webhook HOST:PORT     takes Alertmanager's notifications and prints them (none)\n"
    "  --beacon HOST:PORT      the Beacon API; its slots make Geth's blocks (none)\n"
    "  --validator-client HOST:PORT  the keymanager API, and /metrics (none)\n"
    "  --supervisord HOST:PORT  the XML-RPC of a supervisord (none)\n"
    "  --supervisord-socket PATH  the same over a unix socket of mode 0600 (none)\n"
    "  --supervisor HOST:PORT  the RPC of a validator supervisor; user exporter (none)\n"
    "  --supervisor-socket PATH  the same over a unix socket (none)\n"
    "  --supervisor-tls HOST:PORT  the same by TLS, in front of --supervisor (none)\n"
    "  --supervisor-certificate PATH  where the certificate of that is written\n"
    "  --supervisor-forwards PORT  the first of the local ports of its tunnels (none)\n"
    "  --supervisor-procfs PATH  a folder like /proc with its processes (none)\n"
    "  --supervisor-home PATH  a folder with its data/ and logs/ (none)\n"
    "  --jormungandr HOST:PORT  the REST of three Jormungandr nodes, at /node/<i> (none)\n"
    "  --slot TIME             the beacon chain's and Jormungandr's, e.g. 2s (12s)\n"
    "  --slots-per-epoch N     8: the preset minimal, 32: mainnet (8)\n"
    "  --history-epochs N      that the beacon chain has at the start (6)\n"
    "  --validators N          of the beacon chain; millions are possible (64)\n"
    "  --own-validators N      those of the validator client: indices from 0 on (16)\n"
    "  --block-interval SEC    from block to block, when no slots make them (12)\n"
    "  --churn-interval SEC    from one coming and going of peers to the next, 0: none (5)\n"
    "  --peers N               of each node (50)\n"
    "  --nodes N               at /node/<i>; / is node 0 (1)\n"
    "  --network NAME          mainnet, sepolia, hoodi or dev (mainnet)\n"
    "  --seed N                the same seed gives the same peers and hashes (1)\n"
    "  --help\n\n"
    "A port of 0 is any free one; what is bound is printed. curl http://127.0.0.1:8540/ lists the\n"
    "faults. Ends on SIGINT and SIGTERM with 0; 2: a flag is wrong, 3: an address is taken.\n";

int Wrong(const std::string& flag, const std::string& what) {
  std::fprintf(stderr, "stakewatch_sim: --%s: %s\n", flag.c_str(), what.c_str());
  return kUsage;
}

template <class Number>
bool Parse(const std::string& text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end && !(number < Number{});
}

// 0, or the exit code.
int ApplyFlag(const std::string& flag, const std::string& value, Options& options) {
  std::optional<Address>* const face = flag == "http"               ? &options.http
                                       : flag == "ws"               ? &options.ws
                                       : flag == "control"          ? &options.control
                                       : flag == "webhook"          ? &options.webhook
                                       : flag == "beacon"           ? &options.beacon
                                       : flag == "validator-client" ? &options.validator_client
                                       : flag == "supervisord"      ? &options.supervisord
                                       : flag == "supervisor"       ? &options.supervisor
                                       : flag == "supervisor-tls"   ? &options.supervisor_tls
                                       : flag == "jormungandr"      ? &options.jormungandr
                                                                    : nullptr;
  if (face != nullptr) {
    const auto address = stakewatch::sim::ParseAddress(value);
    if (!address) return Wrong(flag, address.error());
    *face = *address;
    return 0;
  }
  if (flag == "slot") {
    const auto slot = stakewatch::sim::ParseDuration(value);
    if (!slot || slot->count() < 10) return Wrong(flag, "a time of 10ms or more is expected");
    options.slot_seconds = static_cast<double>(slot->count()) / 1000;
    return 0;
  }
  if (flag == "ipc") {
    options.ipc_path = value;
    return 0;
  }
  if (flag == "supervisord-socket") {
    options.supervisord_socket = value;
    return 0;
  }
  std::string* const path = flag == "supervisor-socket"        ? &options.supervisor_socket
                            : flag == "supervisor-certificate" ? &options.supervisor_certificate
                            : flag == "supervisor-procfs"      ? &options.supervisor_procfs
                            : flag == "supervisor-home"        ? &options.supervisor_home
                                                               : nullptr;
  if (path != nullptr) {
    *path = value;
    return 0;
  }
  if (flag == "network") {
    options.network = value;
    if (stakewatch::sim::FindNetwork(value)) return 0;
    return Wrong(flag, "mainnet, sepolia, hoodi or dev is expected, not " + value);
  }
  const bool parsed = flag == "block-interval"        ? Parse(value, options.block_interval)
                      : flag == "churn-interval"      ? Parse(value, options.churn_interval)
                      : flag == "peers"               ? Parse(value, options.peers)
                      : flag == "nodes"               ? Parse(value, options.nodes)
                      : flag == "history-epochs"      ? Parse(value, options.history_epochs)
                      : flag == "supervisor-forwards" ? Parse(value, options.supervisor_forwards)
                      : flag == "validators"          ? Parse(value, options.validators)
                      : flag == "own-validators"      ? Parse(value, options.own_validators)
                      : flag == "slots-per-epoch"
                          ? Parse(value, options.slots_per_epoch) && options.slots_per_epoch > 1
                          : Parse(value, options.seed);
  return parsed ? 0 : Wrong(flag, "a number is expected, not " + value);
}

int ParseFlags(int argc, char** argv, Options& options) {
  static const std::array<option, 30> kFlags = {{
      {"http", required_argument, nullptr, 1},
      {"ws", required_argument, nullptr, 1},
      {"ipc", required_argument, nullptr, 1},
      {"control", required_argument, nullptr, 1},
      {"webhook", required_argument, nullptr, 1},
      {"beacon", required_argument, nullptr, 1},
      {"validator-client", required_argument, nullptr, 1},
      {"supervisord", required_argument, nullptr, 1},
      {"supervisord-socket", required_argument, nullptr, 1},
      {"supervisor", required_argument, nullptr, 1},
      {"supervisor-socket", required_argument, nullptr, 1},
      {"supervisor-tls", required_argument, nullptr, 1},
      {"supervisor-certificate", required_argument, nullptr, 1},
      {"supervisor-forwards", required_argument, nullptr, 1},
      {"supervisor-procfs", required_argument, nullptr, 1},
      {"supervisor-home", required_argument, nullptr, 1},
      {"jormungandr", required_argument, nullptr, 1},
      {"slot", required_argument, nullptr, 1},
      {"slots-per-epoch", required_argument, nullptr, 1},
      {"history-epochs", required_argument, nullptr, 1},
      {"validators", required_argument, nullptr, 1},
      {"own-validators", required_argument, nullptr, 1},
      {"block-interval", required_argument, nullptr, 1},
      {"churn-interval", required_argument, nullptr, 1},
      {"peers", required_argument, nullptr, 1},
      {"nodes", required_argument, nullptr, 1},
      {"network", required_argument, nullptr, 1},
      {"seed", required_argument, nullptr, 1},
      {"help", no_argument, nullptr, 'h'},
      {nullptr, 0, nullptr, 0},
  }};
  int index = 0;
  while (true) {
    const int found = getopt_long(argc, argv, "h", kFlags.data(), &index);
    if (found == -1) break;
    if (found == 'h') {
      std::fputs(kHelp, stdout);
      return -1;
    }
    if (found != 1) return kUsage;  // getopt_long has said why.
    const int code = ApplyFlag(kFlags[static_cast<std::size_t>(index)].name, optarg, options);
    if (code != 0) return code;
  }
  if (optind == argc) return 0;
  std::fprintf(stderr, "stakewatch_sim: %s: flags only; see --help\n", argv[optind]);
  return kUsage;
}

void Say(const char* face, const std::string& address) {
  std::printf("%s %s\n", face, address.c_str());
}

// The address with the port that it has become.
void Say(const char* face, std::optional<Address> address, std::uint16_t port) {
  if (!address) return;
  address->port = port;
  Say(face, stakewatch::sim::TextOf(*address));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.http = Address{.port = 8545};
  options.ws = Address{.port = 8546};
  options.control = Address{.port = 8540};
  options.block_interval = 12;
  options.churn_interval = 5;
  const int code = ParseFlags(argc, argv, options);
  if (code != 0) return code < 0 ? 0 : code;
  options.on_page = [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  };

  // Blocked before the thread starts, so that it inherits that.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  // A thousand probe targets are thousands of connections.
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }

  const stakewatch::sim::Simulator simulator(options);
  if (!simulator.Error().empty()) {
    std::fprintf(stderr, "stakewatch_sim: %s\n", simulator.Error().c_str());
    return kTaken;
  }
  Say("http", options.http, simulator.HttpPort());
  Say("ws", options.ws, simulator.WsPort());
  if (!options.ipc_path.empty()) Say("ipc", options.ipc_path);
  Say("control", options.control, simulator.ControlPort());
  Say("beacon", options.beacon, simulator.BeaconPort());
  Say("validator-client", options.validator_client, simulator.ValidatorClientPort());
  Say("supervisord", options.supervisord, simulator.SupervisordPort());
  if (!options.supervisord_socket.empty()) Say("supervisord-socket", options.supervisord_socket);
  Say("supervisor", options.supervisor, simulator.SupervisorPort());
  Say("supervisor-tls", options.supervisor_tls, simulator.SupervisorTlsPort());
  Say("jormungandr", options.jormungandr, simulator.JormungandrPort());
  // The last one: it has always been waited for.
  Say("webhook", options.webhook, simulator.WebhookPort());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}
