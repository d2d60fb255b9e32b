// Keys and duties of the own validators, as Prysm's validator client tells them.
#include "tests/sim/validator_client.h"

#include "tests/sim/beacon_json.h"

namespace stakewatch::sim {
namespace {

BeaconReply Keys(const BeaconNode& node, const HttpRequest& request) {
  const std::string_view authorization = request.Header("authorization");
  if (authorization.empty()) {
    return BeaconError(401,
                       "Unauthorized: no Authorization header passed. Please use an Authorization "
                       "header with the jwt created in the prysm wallet");
  }
  if (authorization != "Bearer " + std::string(kKeymanagerToken)) {
    return BeaconError(403, "Forbidden: token value is invalid");
  }
  if (node.Faults().Find(Kind::kNoWallet, kValidatorNode) != nullptr) {
    return BeaconError(503, "Prysm Wallet not initialized. Please create a new wallet.");
  }
  std::string data = "[]";
  // All keys are local ones; none is held by a remote signer.
  const bool local = request.path.ends_with("/keystores");
  for (std::uint64_t i = 0; local && i < node.Chain().Setup().own; ++i) {
    AddToArray(data, BeaconObject()
                         .Text("validating_pubkey", node.Chain().Pubkey(i))
                         .Text("derivation_path", "")
                         .Flag("readonly", false)
                         .Done());
  }
  return BeaconJson(BeaconObject().Json("data", data).Done());
}

BeaconReply Version() {
  constexpr std::string_view kBuild =
      "Prysm/v7.1.6/1fc46453cf9dfb3aaf2a80f9f90f87f96e89cdd3. Built at: Moments_ago";
  return BeaconJson(BeaconObject().Text("beacon", kBuild).Text("validator", kBuild).Done());
}

// Prysm labels these by key; a family that nobody has counted yet has no series.
BeaconReply Metrics(const BeaconNode& node) {
  const BeaconChain& chain = node.Chain();
  std::string page;
  const auto family = [&](std::string_view name, std::string_view type, std::uint64_t sum) {
    page += "# HELP " + std::string(name) + " \n# TYPE " + std::string(name) + ' ';
    page += type;
    page += '\n';
    const std::uint64_t own = chain.Setup().own;
    for (std::uint64_t i = 0; i < own && sum > 0; ++i) {
      const std::uint64_t share = sum / own + (i < sum % own ? 1 : 0);
      page += std::string(name) + "{pubkey=\"" + chain.Pubkey(i) + "\"} " + std::to_string(share) +
              '\n';
    }
  };
  family("validator_failed_attestations", "counter", node.OwnRefusals());
  family("validator_successful_attestations", "counter", node.OwnAttestations());
  family("validator_successful_proposals", "counter", node.OwnProposals());
  return {.head = {.content_type = "text/plain; version=0.0.4; charset=utf-8"}, .body = page};
}

}  // namespace

BeaconReply AnswerValidatorClient(const BeaconNode& node, const HttpRequest& request) {
  std::string_view path = request.path;
  // The web interface's prefix for the same.
  if (path.starts_with("/api/")) path.remove_prefix(4);
  BeaconReply reply;
  if (request.method != "GET") {
    reply = RouterError(405, "Method Not Allowed", "Allow: GET\r\n");
  } else if (path == "/eth/v1/keystores" || path == "/eth/v1/remotekeys") {
    reply = Keys(node, request);
  } else if (path == "/v2/validator/health/version") {
    reply = Version();
  } else if (path == "/metrics") {
    reply = Metrics(node);
  } else if (path == "/") {
    reply.head.content_type = "";
  } else {
    reply = RouterError(404, "404 page not found");
  }
  reply.head.headers += "Vary: Origin\r\n";
  return reply;
}

}  // namespace stakewatch::sim
