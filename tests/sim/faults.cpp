// The list of faults, and the set of those that are on.
#include "tests/sim/faults.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "tests/sim/text.h"

namespace stakewatch::sim {
namespace {

constexpr std::array<KindInfo, kKinds> kInfos = {{
    {"stop",
     "connections are refused, open ones reset, the IPC socket is removed; with node=i of "
     "several, requests to it are reset; without its Geth the beacon node's head stands, and "
     "without its validator client its validators do no duty",
     "", kOnEach},
    {"hang", "accepts and never answers (as after SIGSTOP: answered when cleared)",
     "kind=hang&node=3", kOnEach},
    {"stuck", "the chain stops", "kind=stuck&for=5m", kOnGeth | kOnBeacon | kOnJormungandr},
    {"syncing",
     "eth_syncing tells progress, none while stuck or no_peers is on; value=blocks behind (10000)",
     "kind=syncing&value=5000", kOnGeth | kOnBeacon},
    {"never_synced", "eth_syncing with 0x0 of 0x0, head 0", "", kOnGeth | kOnBeacon},
    {"no_peers", "no peers at all", "", kOnGeth | kOnBeacon | kOnJormungandr},
    {"peers", "value=how many peers", "kind=peers&value=3", kOnGeth | kOnBeacon | kOnJormungandr},
    {"no_inbound", "all peers are outbound", "", kOnGeth | kOnBeacon},
    {"one_subnet", "all peers are in 10.77.0.0/16", ""},
    {"reorg", "once: value=how many heads are replaced (2)", "kind=reorg&value=3",
     kOnGeth | kOnBeacon},
    {"gap", "value=how many next heads are not announced (2)", "kind=gap&value=4"},
    {"wrong_network", "another chain id, network id and genesis", "",
     kOnGeth | kOnBeacon | kOnJormungandr},
    {"not_listening", "net_listening is false", ""},
    {"module_off", "value=admin|txpool|net|eth|web3: -32601", "kind=module_off&value=admin"},
    {"no_finalized", "safe and finalized: error -32000", ""},
    {"null_finalized", "safe and finalized: null", ""},
    {"client", "value=geth|besu|nethermind|nethermind-1.30|erigon|reth: version and peer shape",
     "kind=client&value=besu"},
    {"old_geth", "protocols.eth with difficulty and head, no block range", ""},
    {"handshake_peers", "protocols.eth is the string handshake", ""},
    {"evil_names", "peer names with quotes, newlines, control bytes, invalid UTF-8, 1 MB", "",
     kOnGeth | kOnSupervisord},
    {"rpc_error", "error -32000; value=another code", "kind=rpc_error&method=eth_gasPrice",
     kOnEach},
    {"http_500", "status 500", "", kOnAll},
    {"http_401", "status 401", "", kOnAll},
    {"redirect", "status 307 to another path", "", kOnAll},
    {"html", "a page instead of JSON", "", kOnAll},
    {"empty", "an empty body", "", kOnEach},
    {"truncated", "the first half of the answer, as if it were whole", "", kOnEach},
    {"wrong_types",
     "strings as numbers and so on; value=array|object|string|number|null: the whole "
     "result",
     "kind=wrong_types&value=array", kOnEach},
    {"huge_numbers", "hex of 64 digits and more, 1e400", "", kOnAll},
    {"deep_nesting", "value=how many arrays in each other (100000)", "", kOnEach},
    {"duplicate_keys", "each member twice, with different values", "", kOnJson},
    {"invalid_utf8", "strings that are no UTF-8", "", kOnEach},
    {"not_json", "plain text", "", kOnEach},
    {"wrong_id", "the id of another request", "", kOnGeth | kOnSupervisor},
    {"drip", "the body a byte every 0.2 s; value=another interval", "kind=drip&value=1s", kOnEach},
    {"endless_body", "a body that never ends; value=chunked", "", kOnEach},
    {"endless_headers", "headers without end", "", kOnAll},
    {"endless_header_line", "one header line without end", "", kOnAll},
    {"drip_header", "one header line, a byte every 0.2 s; value=another interval", "", kOnAll},
    {"endless_chunk_size", "a chunk-size line without end", "", kOnAll},
    {"lying_length", "Content-Length of 1000 more than comes; value=huge: 2^64-1", "", kOnAll},
    {"reset", "half of the answer, then RST", "", kOnEach},
    {"close", "closed at accept; narrowed to a node or method: at the request", "", kOnEach},
    {"slow", "value=time before answering (2s)", "kind=slow&value=2s&method=admin_peers", kOnEach},
    {"restart",
     "the beacon node restarts: 500 for a second, optimistic for another, and the head falls back "
     "to the finalized checkpoint and stays there; of Jormungandr, once: its uptime and logs begin "
     "anew",
     "kind=restart&for=60s", kOnBeacon | kOnJormungandr},
    {"el_offline", "el_offline is true, as when the execution client never answered", "",
     kOnBeacon},
    {"finality_stalled", "value=percent of the other validators that attest and sign (50)",
     "kind=finality_stalled&value=40", kOnBeacon},
    {"late_blocks", "blocks arrive late: value=after the slot's start (half a slot)",
     "kind=late_blocks&value=4s", kOnBeacon},
    {"early_blocks",
     "blocks arrive before their slot, as with a clock that is behind: value=by how much (half a "
     "slot)",
     "kind=early_blocks&value=2s", kOnBeacon},
    {"fork_soon", "the next fork is scheduled: value=epochs from now (10)", "", kOnBeacon},
    {"missed_proposals", "own validators make no block", "", kOnBeacon},
    {"missed_attestations",
     "own validators do not attest though all runs: their signatures are refused", "", kOnBeacon},
    {"late_attestations", "own attestations miss the head vote", "", kOnBeacon},
    {"fee_recipient", "own blocks pay to somebody else", "", kOnBeacon},
    {"slashed", "value=index of the validator that is slashed (0)", "kind=slashed&value=3",
     kOnBeacon},
    {"sync_weak", "value=percent of the sync committee's own members that sign (40)",
     "kind=sync_weak&value=80", kOnBeacon},
    {"events_silent", "event streams stay open and only say that they live", "", kOnBeacon},
    {"events_cut", "once: all event streams are reset", "", kOnBeacon},
    {"old_topics", "the topics of slashings are refused, as by older clients", "", kOnBeacon},
    {"numbers", "numbers as numbers instead of strings; value=max: 2^53 + 1 for each", "",
     kOnBeacon | kOnJormungandr},
    {"negative", "each number in a string is negative", "", kOnBeacon | kOnJormungandr},
    {"no_wallet", "the validator client has no wallet: 503", "", kOnValidator},
    {"state",
     "value=SHUTDOWN|FATAL|RESTARTING of supervisord (SHUTDOWN, which answers every call by fault "
     "6)",
     "kind=state&value=RESTARTING", kOnSupervisord},
    {"process",
     "method=program (all), value=its state (FATAL); EXITED:7 with an exit status, BACKOFF:text "
     "and "
     "FATAL:text with a spawn error",
     "kind=process&method=geth&value=EXITED:7", kOnSupervisord},
    {"flapping", "method=program (all) is started again and again: value=how often (10s)",
     "kind=flapping&method=geth&value=5s", kOnSupervisord | kOnJormungandr},
    {"entities", "a document type whose entities would be 10 GB", "", kOnSupervisord},
    {"reality",
     "value=running|locked|unlocked|retry_gap|used_bastion_down|unused_bastion_down|no_beacon|"
     "silent_links: what is true of the supervisor, and what it says of it",
     "kind=reality&value=no_beacon", kOnSupervisor},
    {"old_daemon", "the health of 2021: two members", "", kOnSupervisor},
    {"error_object", "an object where its error is a string", "kind=error_object&method=auth",
     kOnSupervisor},
    {"long_line", "an answer that is longer than a line may be: value=bytes (70000)", "",
     kOnSupervisor},
    {"other_certificate", "TLS shows another certificate", "", kOnSupervisor},
    {"fork", "the node makes its blocks alone; value=by how many it is ahead of the others (3)",
     "kind=fork&node=2&value=3", kOnJormungandr},
    {"behind", "value=how many blocks (5)", "kind=behind&node=1", kOnJormungandr},
    {"bootstrapping", "the node has no chain yet", "", kOnJormungandr},
    {"version", "value=what it answers like (0.14.0)", "kind=version&value=0.8.18", kOnJormungandr},
    {"rejected", "slots of its leader are missed", "", kOnJormungandr},
    {"leader", "whether it leads: value=off, else it does (node 0 alone)", "kind=leader&node=1",
     kOnJormungandr},
}};

}  // namespace

const KindInfo& Info(Kind kind) {
  return kInfos[static_cast<std::size_t>(kind)];
}

std::optional<Kind> FindKind(std::string_view name) {
  for (std::size_t i = 0; i < kKinds; ++i) {
    if (kInfos[i].name == name) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number >= 0) || number > 1e9) return std::nullopt;
  const std::string_view unit(end, text.data() + text.size());
  const double scale = unit == "ms"                  ? 1
                       : unit.empty() || unit == "s" ? 1'000
                       : unit == "m"                 ? 60'000
                       : unit == "h"                 ? 3'600'000
                                                     : -1;
  if (scale < 0) return std::nullopt;
  return std::chrono::milliseconds(std::llround(number * scale));
}

std::uint64_t ValueOf(const Fault& fault, std::uint64_t other) {
  std::uint64_t number = 0;
  const char* const end = fault.value.data() + fault.value.size();
  const auto parsed = std::from_chars(fault.value.data(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end ? number : other;
}

namespace {

int NodeOfTarget(std::uint8_t target) {
  return (target & kOnGeth) != 0          ? kEveryNode
         : (target & kOnBeacon) != 0      ? kBeaconNode
         : (target & kOnValidator) != 0   ? kValidatorNode
         : (target & kOnSupervisord) != 0 ? kSupervisordNode
         : (target & kOnSupervisor) != 0  ? kSupervisorNode
                                          : kJormungandrNode;
}

Checked<Fault> WithTarget(Fault fault, const std::string& target) {
  const std::uint8_t wanted = target == "geth"          ? kOnGeth
                              : target == "beacon"      ? kOnBeacon
                              : target == "validator"   ? kOnValidator
                              : target == "supervisord" ? kOnSupervisord
                              : target == "supervisor"  ? kOnSupervisor
                              : target == "jormungandr" ? kOnJormungandr
                                                        : 0;
  if (wanted == 0) {
    return std::unexpected(
        "target is geth, beacon, validator, supervisord, supervisor or jormungandr");
  }
  if ((Info(fault.kind).targets & wanted) == 0) {
    return std::unexpected(std::string(Info(fault.kind).name) + " does not befall " + target);
  }
  if (wanted == kOnJormungandr && fault.node != kEveryNode) {
    if (fault.node >= kJormungandrNodes) return std::unexpected("node is 0, 1 or 2");
    fault.node = kJormungandrNode - 1 - fault.node;
  } else if (wanted != kOnGeth) {
    if (fault.node != kEveryNode) return std::unexpected("node is one of the Geths");
    fault.node = NodeOfTarget(wanted);
  }
  return fault;
}

}  // namespace

Checked<Fault> FaultFromQuery(const std::unordered_map<std::string, std::string>& query) {
  Fault fault;
  bool has_kind = false;
  std::string target;
  for (const auto& [name, value] : query) {
    if (name == "kind") {
      const auto kind = FindKind(value);
      if (!kind) return std::unexpected("unknown kind: GET / lists them");
      fault.kind = *kind;
      has_kind = true;
    } else if (name == "node") {
      const char* const end = value.data() + value.size();
      const auto parsed = std::from_chars(value.data(), end, fault.node);
      if (parsed.ec != std::errc() || parsed.ptr != end || fault.node < 0) {
        return std::unexpected("node is a number from 0 on");
      }
    } else if (name == "target") {
      target = value;
    } else if (name == "method") {
      fault.method = value;
    } else if (name == "value") {
      fault.value = value;
    } else if (name == "for") {
      fault.lasting = ParseDuration(value);
      if (!fault.lasting) return std::unexpected("for is a duration such as 30s");
    } else {
      return std::unexpected("unknown parameter " + name +
                             ": kind, target, node, method, for and value");
    }
  }
  if (!has_kind) return std::unexpected("kind is missing: GET / lists them");
  if (target.empty() && Info(fault.kind).targets == kOnJormungandr) target = "jormungandr";
  if (!target.empty()) return WithTarget(fault, target);
  if (fault.node == kEveryNode) fault.node = NodeOfTarget(Info(fault.kind).targets);
  return fault;
}

void FaultSet::Recount() {
  counts_ = {};
  for (const Active& active : faults_) ++counts_[static_cast<std::size_t>(active.fault.kind)];
}

void FaultSet::Set(Fault fault, Clock::time_point now) {
  if (fault.node == kEveryNode) fault.node = NodeOfTarget(Info(fault.kind).targets);
  std::erase_if(faults_, [&](const Active& active) {
    return active.fault.kind == fault.kind && active.fault.node == fault.node &&
           active.fault.method == fault.method &&
           (fault.kind != Kind::kModuleOff || active.fault.value == fault.value);
  });
  std::optional<Clock::time_point> until;
  if (fault.lasting) until = now + *fault.lasting;
  faults_.push_back({fault, until});
  Recount();
}

void FaultSet::Clear() {
  faults_.clear();
  Recount();
}

void FaultSet::Clear(Kind kind) {
  std::erase_if(faults_, [&](const Active& active) { return active.fault.kind == kind; });
  Recount();
}

bool FaultSet::Expire(Clock::time_point now) {
  const auto removed = std::erase_if(
      faults_, [&](const Active& active) { return active.until && *active.until <= now; });
  if (removed > 0) Recount();
  return removed > 0;
}

const Fault* FaultSet::Find(Kind kind, int node, std::string_view method) const {
  if (counts_[static_cast<std::size_t>(kind)] == 0) return nullptr;
  const auto holds = [&](const Fault& fault) {
    if (fault.kind != kind) return false;
    if (node >= 0) {
      return (fault.node == kEveryNode || fault.node == node) &&
             (fault.method.empty() || fault.method == method);
    }
    const bool all = fault.node == kJormungandrNode && node < kJormungandrNode;
    return (all || fault.node == node) && method.starts_with(fault.method);
  };
  for (const Active& active : faults_) {
    if (holds(active.fault)) return &active.fault;
  }
  return nullptr;
}

std::vector<std::string> FaultSet::ModulesOff(int node) const {
  std::vector<std::string> modules;
  for (const Active& active : faults_) {
    const Fault& fault = active.fault;
    if (fault.kind == Kind::kModuleOff && (fault.node == kEveryNode || fault.node == node)) {
      modules.push_back(fault.value);
    }
  }
  return modules;
}

std::string FaultSet::Json(Clock::time_point now) const {
  std::string out = "[";
  for (const Active& active : faults_) {
    if (out.size() > 1) out += ',';
    out += "{\"kind\":" + JsonString(Info(active.fault.kind).name);
    if (active.fault.node == kBeaconNode) out += ",\"target\":\"beacon\"";
    if (active.fault.node == kValidatorNode) out += ",\"target\":\"validator\"";
    if (active.fault.node == kSupervisordNode) out += ",\"target\":\"supervisord\"";
    if (active.fault.node <= kJormungandrNode) out += ",\"target\":\"jormungandr\"";
    if (active.fault.node < kJormungandrNode) {
      out += ",\"node\":" + std::to_string(kJormungandrNode - 1 - active.fault.node);
    }
    if (active.fault.node >= 0) out += ",\"node\":" + std::to_string(active.fault.node);
    if (!active.fault.method.empty()) out += ",\"method\":" + JsonString(active.fault.method);
    if (!active.fault.value.empty()) out += ",\"value\":" + JsonString(active.fault.value);
    if (active.until) {
      const std::chrono::duration<double> left = *active.until - now;
      out += ",\"seconds_left\":" + std::to_string(left.count());
    }
    out += '}';
  }
  return out + "]";
}

}  // namespace stakewatch::sim
