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
     "several, requests to it are reset",
     ""},
    {"hang", "accepts and never answers (as after SIGSTOP: answered when cleared)",
     "kind=hang&node=3"},
    {"stuck", "the chain stops", "kind=stuck&for=5m"},
    {"syncing", "eth_syncing tells progress; value=blocks behind (10000)",
     "kind=syncing&value=5000"},
    {"never_synced", "eth_syncing with 0x0 of 0x0, head 0", ""},
    {"no_peers", "no peers at all", ""},
    {"peers", "value=how many peers", "kind=peers&value=3"},
    {"no_inbound", "all peers are outbound", ""},
    {"one_subnet", "all peers are in 10.77.0.0/16", ""},
    {"reorg", "once: value=how many heads are replaced (2)", "kind=reorg&value=3"},
    {"gap", "value=how many next heads are not announced (2)", "kind=gap&value=4"},
    {"wrong_network", "another chain id, network id and genesis", ""},
    {"not_listening", "net_listening is false", ""},
    {"module_off", "value=admin|txpool|net|eth|web3: -32601", "kind=module_off&value=admin"},
    {"no_finalized", "safe and finalized: error -32000", ""},
    {"null_finalized", "safe and finalized: null", ""},
    {"client", "value=geth|besu|nethermind|nethermind-1.30|erigon|reth: version and peer shape",
     "kind=client&value=besu"},
    {"old_geth", "protocols.eth with difficulty and head, no block range", ""},
    {"handshake_peers", "protocols.eth is the string handshake", ""},
    {"evil_names", "peer names with quotes, newlines, control bytes, invalid UTF-8, 1 MB", ""},
    {"rpc_error", "error -32000; value=another code", "kind=rpc_error&method=eth_gasPrice"},
    {"http_500", "status 500", ""},
    {"http_401", "status 401", ""},
    {"redirect", "status 307 to another path", ""},
    {"html", "a page instead of JSON", ""},
    {"empty", "an empty body", ""},
    {"truncated", "the first half of the answer, as if it were whole", ""},
    {"wrong_types",
     "strings as numbers and so on; value=array|object|string|number|null: the whole "
     "result",
     "kind=wrong_types&value=array"},
    {"huge_numbers", "hex of 64 digits and more, 1e400", ""},
    {"deep_nesting", "value=how many arrays in each other (100000)", ""},
    {"duplicate_keys", "each member twice, with different values", ""},
    {"invalid_utf8", "strings that are no UTF-8", ""},
    {"not_json", "plain text", ""},
    {"wrong_id", "the id of another request", ""},
    {"drip", "the body a byte every 0.2 s; value=another interval", "kind=drip&value=1s"},
    {"endless_body", "a body that never ends; value=chunked", ""},
    {"endless_headers", "headers without end", ""},
    {"endless_header_line", "one header line without end", ""},
    {"drip_header", "one header line, a byte every 0.2 s; value=another interval", ""},
    {"endless_chunk_size", "a chunk-size line without end", ""},
    {"lying_length", "Content-Length of 1000 more than comes; value=huge: 2^64-1", ""},
    {"reset", "half of the answer, then RST", ""},
    {"close", "closed at accept; narrowed to a node or method: at the request", ""},
    {"slow", "value=time before answering (2s)", "kind=slow&value=2s&method=admin_peers"},
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

Checked<Fault> FaultFromQuery(const std::unordered_map<std::string, std::string>& query) {
  Fault fault;
  bool has_kind = false;
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
    } else if (name == "method") {
      fault.method = value;
    } else if (name == "value") {
      fault.value = value;
    } else if (name == "for") {
      fault.lasting = ParseDuration(value);
      if (!fault.lasting) return std::unexpected("for is a duration such as 30s");
    } else {
      return std::unexpected("unknown parameter " + name + ": kind, node, method, for and value");
    }
  }
  if (!has_kind) return std::unexpected("kind is missing: GET / lists them");
  return fault;
}

void FaultSet::Recount() {
  counts_ = {};
  for (const Active& active : faults_) ++counts_[static_cast<std::size_t>(active.fault.kind)];
}

void FaultSet::Set(const Fault& fault, Clock::time_point now) {
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
  for (const Active& active : faults_) {
    const Fault& fault = active.fault;
    if (fault.kind == kind && (fault.node == kEveryNode || fault.node == node) &&
        (fault.method.empty() || fault.method == method)) {
      return &fault;
    }
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
    if (active.fault.node != kEveryNode) out += ",\"node\":" + std::to_string(active.fault.node);
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
