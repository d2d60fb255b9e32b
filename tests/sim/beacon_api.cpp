// Routes, and what all answers share.
#include "tests/sim/beacon_api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "tests/sim/beacon_json.h"

namespace stakewatch::sim {
namespace {

struct Route {
  std::string_view method;
  std::string_view pattern;  // A star is one segment.
  BeaconAnswer answer;
};

constexpr std::array<Route, 30> kRoutes = {{
    {"GET", "/eth/v1/node/syncing", NodeSyncing},
    {"GET", "/eth/v1/node/health", NodeHealth},
    {"GET", "/eth/v1/node/version", NodeVersion},
    {"GET", "/eth/v2/node/version", NodeVersion2},
    {"GET", "/eth/v1/node/peers", NodePeers},
    {"GET", "/eth/v1/node/peer_count", NodePeerCount},
    {"GET", "/eth/v1/node/identity", NodeIdentity},
    {"GET", "/eth/v1/beacon/genesis", Genesis},
    {"GET", "/eth/v1/config/spec", ConfigSpec},
    {"GET", "/eth/v1/config/fork_schedule", ForkSchedule},
    {"GET", "/eth/v1/events", Events},
    {"GET", "/eth/v1/beacon/headers/*", Header},
    {"GET", "/eth/v1/beacon/states/*/finality_checkpoints", FinalityCheckpoints},
    {"GET", "/eth/v1/beacon/states/*/fork", Fork},
    {"GET", "/prysm/v1/beacon/chain_head", ChainHead},
    {"GET", "/eth/v2/beacon/blocks/*", WholeBlock},
    {"GET", "/eth/v1/beacon/blinded_blocks/*", BlindedBlock},
    {"GET", "/prysm/v1/validators/*/participation", ParticipationNow},
    {"GET", "/eth/v1/beacon/states/*/validators", Validators},
    {"POST", "/eth/v1/beacon/states/*/validators", ValidatorsPosted},
    {"GET", "/eth/v1/beacon/states/*/validators/*", OneValidator},
    {"GET", "/eth/v1/beacon/states/*/sync_committees", SyncCommittees},
    {"GET", "/eth/v1/validator/duties/proposer/*", ProposerDuties},
    {"GET", "/eth/v2/validator/duties/proposer/*", ProposerDuties},
    {"POST", "/eth/v1/validator/duties/attester/*", AttesterDuties},
    {"POST", "/eth/v1/validator/duties/sync/*", SyncDuties},
    {"POST", "/eth/v1/validator/liveness/*", Liveness},
    {"POST", "/eth/v1/beacon/rewards/attestations/*", AttestationRewards},
    {"GET", "/eth/v1/beacon/rewards/blocks/*", BlockRewards},
    {"POST", "/eth/v1/beacon/rewards/sync_committee/*", SyncRewards},
}};

std::string StatusText(int code) {
  const std::string_view words = code == 200   ? "OK"
                                 : code == 206 ? "Partial Content"
                                 : code == 307 ? "Temporary Redirect"
                                 : code == 400 ? "Bad Request"
                                 : code == 401 ? "Unauthorized"
                                 : code == 403 ? "Forbidden"
                                 : code == 404 ? "Not Found"
                                 : code == 405 ? "Method Not Allowed"
                                 : code == 406 ? "Not Acceptable"
                                 : code == 415 ? "Unsupported Media Type"
                                 : code == 418 ? "I'm a teapot"
                                 : code == 500 ? "Internal Server Error"
                                 : code == 503 ? "Service Unavailable"
                                               : "";
  return std::to_string(code) + ' ' + std::string(words);
}

bool Matches(std::string_view pattern, std::string_view path,
             std::vector<std::string_view>& parts) {
  parts.clear();
  while (true) {
    const std::size_t a = std::min(pattern.find('/', 1), pattern.size());
    const std::size_t b = std::min(path.find('/', 1), path.size());
    if (pattern.empty() || path.empty()) return pattern.empty() && path.empty();
    if (pattern.substr(0, a) == "/*") {
      if (b <= 1) return false;
      parts.push_back(path.substr(1, b - 1));
    } else if (pattern.substr(0, a) != path.substr(0, b)) {
      return false;
    }
    pattern.remove_prefix(a);
    path.remove_prefix(b);
  }
}

bool Accepts(std::string_view accept, bool stream) {
  if (accept.empty()) return true;
  for (const std::string_view good : {"application/json", "*/*", "application/*"}) {
    if (accept.find(good) != std::string_view::npos) return true;
  }
  return stream && accept.find("text/event-stream") != std::string_view::npos;
}

std::string OneSlash(std::string_view path) {
  std::string clean;
  for (const char c : path) {
    if (c != '/' || clean.empty() || clean.back() != '/') clean += c;
  }
  return clean;
}

}  // namespace

BeaconReply BeaconJson(std::string json) {
  // Go's encoder ends each value with a newline.
  return {.body = std::move(json) + "\n"};
}

BeaconReply BeaconError(int code, std::string_view message) {
  nlohmann::ordered_json error;
  error["message"] = message;
  error["code"] = code;
  return {.head = {.status = StatusText(code)},
          .body = error.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

BeaconReply RouterError(int code, std::string_view text, std::string headers) {
  return {.head = {.status = StatusText(code),
                   .content_type = "text/plain; charset=utf-8",
                   .headers = std::move(headers) + "X-Content-Type-Options: nosniff\r\n"},
          .body = std::string(text) + "\n"};
}

std::string EventChunk(std::string_view topic, const std::string& data) {
  std::string text = ":\n\n";
  if (!topic.empty()) {
    text = "event: " + std::string(topic) + "\ndata: " + data + "\n\n";
  }
  std::array<char, 16> hex{};
  const auto end = std::to_chars(hex.begin(), hex.end(), text.size(), 16).ptr;
  return std::string(hex.begin(), end) + "\r\n" + text + "\r\n";
}

namespace {

BeaconReply Dispatch(const BeaconNode& node, const HttpRequest& request, double now) {
  if (request.path.find("//") != std::string_view::npos) {
    const std::string to = OneSlash(request.path);
    return {.head = {.status = StatusText(307),
                     .content_type = "text/html; charset=utf-8",
                     .headers = "Location: " + to + "\r\n"},
            .body = "<a href=\"" + to + "\">Temporary Redirect</a>.\n\n"};
  }
  if (request.method == "OPTIONS") return {.head = {.content_type = ""}};
  BeaconAsk ask{.node = node,
                .chain = node.Chain(),
                .status = node.Status(now),
                .now = now,
                .parts = {},
                .query = request.query,
                .body = request.body};
  std::string allowed;
  for (const Route& route : kRoutes) {
    if (!Matches(route.pattern, request.path, ask.parts)) continue;
    if (route.method != request.method) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
      continue;
    }
    if (!Accepts(request.Header("accept"), route.answer == Events)) {
      return RouterError(406, "Not Acceptable");
    }
    const std::string_view type = request.Header("content-type");
    if (request.method == "POST") {
      if (type.empty()) return RouterError(415, "Content-Type header is missing");
      if (type.substr(0, type.find(';')) != "application/json") {
        return RouterError(415, "Unsupported media type: " + std::string(type));
      }
    }
    return route.answer(ask);
  }
  if (allowed.empty()) return RouterError(404, "404 page not found");
  return RouterError(405, "Method Not Allowed", "Allow: " + allowed + "\r\n");
}

}  // namespace

BeaconReply AnswerBeacon(const BeaconNode& node, const HttpRequest& request, double now) {
  BeaconReply reply = Dispatch(node, request, now);
  reply.head.headers += "Vary: Origin\r\n";
  return reply;
}

std::vector<std::string> BeaconAsk::Values(std::string_view name) const {
  std::vector<std::string> values;
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const auto pair = ParseQuery(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto found = pair.find(std::string(name));
    if (found == pair.end()) continue;
    std::string_view text = found->second;
    while (true) {
      const std::size_t comma = std::min(text.find(','), text.size());
      if (comma > 0) values.emplace_back(text.substr(0, comma));
      if (comma == text.size()) break;
      text.remove_prefix(comma + 1);
    }
  }
  return values;
}

namespace {

std::optional<std::uint64_t> ParseUint(std::string_view text) {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string NoNumber(std::string_view text) {
  return "strconv.ParseUint: parsing \"" + std::string(text) + "\": invalid syntax";
}

// None: no such root among the newest blocks.
std::optional<std::uint64_t> SlotOfRoot(const BeaconAsk& ask, std::string_view root, bool state) {
  constexpr std::uint64_t kLookedAt = 1024;
  const std::uint64_t head = ask.status.head;
  for (std::uint64_t back = 0; back <= std::min(head, kLookedAt); ++back) {
    const std::uint64_t slot = head - back;
    if (!ask.chain.At(slot).block) continue;
    if ((state ? ask.chain.StateRoot(slot) : ask.chain.Root(slot)) == root) return slot;
  }
  return std::nullopt;
}

bool IsRoot(std::string_view id) {
  return id.starts_with("0x") && id.size() == 66 &&
         id.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos;
}

std::optional<std::uint64_t> NamedSlot(const BeaconAsk& ask, std::string_view id) {
  const std::uint64_t slots = ask.chain.Setup().slots_per_epoch;
  const Finality finality = ask.node.FinalityNow(ask.now);
  if (id == "head") return ask.status.head;
  if (id == "genesis") return 0;
  if (id == "finalized") return ask.chain.LastBlock(finality.finalized * slots);
  if (id == "justified") return ask.chain.LastBlock(finality.justified * slots);
  return std::nullopt;
}

}  // namespace

std::expected<std::uint64_t, BeaconReply> EpochIn(std::string_view text) {
  const auto epoch = ParseUint(text);
  if (!epoch) return std::unexpected(BeaconError(400, "epoch is invalid: " + NoNumber(text)));
  return *epoch;
}

std::expected<std::uint64_t, BeaconReply> StateIn(const BeaconAsk& ask, std::string_view id) {
  if (const auto named = NamedSlot(ask, id)) return *named;
  if (IsRoot(id)) {
    if (const auto slot = SlotOfRoot(ask, id, true)) return *slot;
    return std::unexpected(BeaconError(404, "State not found: state not found in the last states"));
  }
  const auto slot = ParseUint(id);
  if (!slot) {
    return std::unexpected(
        BeaconError(400, "Invalid state ID: could not parse state ID: " + NoNumber(id)));
  }
  if (*slot > ask.status.clock) {
    return std::unexpected(
        BeaconError(500, "Could not get state: requested slot is in the future"));
  }
  return std::min(*slot, ask.status.head);
}

std::expected<std::uint64_t, BeaconReply> BlockIn(const BeaconAsk& ask, std::string_view id) {
  if (const auto named = NamedSlot(ask, id)) return *named;
  if (IsRoot(id)) {
    if (const auto slot = SlotOfRoot(ask, id, false)) return *slot;
    return std::unexpected(
        BeaconError(404, "Block not found: block " + std::string(id) + " not found in db"));
  }
  const auto slot = ParseUint(id);
  if (!slot) {
    return std::unexpected(
        BeaconError(400, "Invalid block ID: could not parse block ID: " + NoNumber(id)));
  }
  if (*slot > ask.status.head || !ask.chain.At(*slot).block) {
    return std::unexpected(
        BeaconError(404, "Block not found: no blocks found at slot " + std::string(id)));
  }
  return *slot;
}

bool OptimisticAt(const BeaconAsk& ask, std::uint64_t slot) {
  return ask.status.optimistic && !FinalizedAt(ask, slot);
}

bool FinalizedAt(const BeaconAsk& ask, std::uint64_t slot) {
  const std::uint64_t finalized = ask.node.FinalityNow(ask.now).finalized;
  return slot <= finalized * ask.chain.Setup().slots_per_epoch;
}

std::optional<BeaconReply> NotWhileSyncing(const BeaconAsk& ask) {
  if (!ask.status.syncing) return std::nullopt;
  BeaconAsk detailed = ask;
  // Prysm does not ask its execution client for this one.
  detailed.status.el_offline = false;
  std::string details = NodeSyncing(detailed).body;
  details.pop_back();
  return BeaconError(503,
                     "Beacon node is currently syncing and not serving request on that endpoint "
                     "Details: " +
                         details);
}

std::expected<std::vector<std::uint64_t>, BeaconReply> IndicesIn(std::string_view body) {
  constexpr std::string_view kUndecoded = "Could not decode request body: ";
  const auto undecoded = [&](std::string_view why) {
    return std::unexpected(BeaconError(400, std::string(kUndecoded) + std::string(why)));
  };
  if (body.empty()) return std::unexpected(BeaconError(400, "No data submitted"));
  const auto parsed = nlohmann::json::parse(body, nullptr, false);
  if (parsed.is_discarded()) {
    return undecoded("invalid character 'b' looking for beginning of object key string");
  }
  if (!parsed.is_array()) {
    return undecoded("json: cannot unmarshal object into Go value of type []string");
  }
  std::vector<std::uint64_t> indices;
  for (const auto& one : parsed) {
    if (!one.is_string()) {
      return undecoded("json: cannot unmarshal " + std::string(one.type_name()) +
                       " into Go value of type string");
    }
    const auto& text = one.get_ref<const std::string&>();
    const auto index = ParseUint(text);
    if (!index) {
      return std::unexpected(BeaconError(400, "Validator index is invalid: " + NoNumber(text)));
    }
    indices.push_back(*index);
  }
  return indices;
}

}  // namespace stakewatch::sim
