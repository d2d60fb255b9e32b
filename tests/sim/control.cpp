// Requests of the operator and of Alertmanager.
#include "tests/sim/control.h"

#include <nlohmann/json.hpp>

#include "tests/sim/validator_client.h"

namespace stakewatch::sim {
namespace {

using nlohmann::json;

constexpr std::string_view kJsonType = "application/json";

std::string Targets(std::uint8_t targets) {
  std::string text;
  for (const auto& [target, name] :
       {std::pair{kOnGeth, "geth"}, std::pair{kOnBeacon, "beacon"},
        std::pair{kOnValidator, "validator"}, std::pair{kOnSupervisord, "supervisord"},
        std::pair{kOnJormungandr, "jormungandr"}}) {
    if ((targets & target) != 0) text += (text.empty() ? "" : ", ") + std::string(name);
  }
  return text;
}

std::string Help() {
  std::string text =
      "stakewatch_sim, a simulated Geth and beacon node. Requests to this port:\n"
      "  GET  /                      this text\n"
      "  GET  /state                 heads, peers, faults that are on, calls so far\n"
      "  GET  /alerts                the last 1000 alerts that came to --webhook\n"
      "  GET  /validators            the public keys of the own validators, one a line\n"
      "  GET  /token                 the validator client's bearer token\n"
      "  GET  /supervisor-key        the key of the supervisor's RPC user exporter\n"
      "  POST /fault?kind=K[&target=t][&node=i][&method=m][&for=30s][&value=v]\n"
      "  POST /clear[?kind=K]        all faults, or one kind of them\n"
      "  POST /block                 a new block now, when no slots make them (--beacon)\n"
      "target= is whom the fault befalls: geth, beacon, validator (the client), supervisord, "
      "supervisor\n"
      "or jormungandr (node=0, 1 or 2; all);\n"
      "without it the first that stands behind the kind. method= narrows faults of answers and of "
      "transport to "
      "one\n"
      "JSON-RPC method, or to the paths that begin with it; of supervisord it is an XML-RPC "
      "method\n"
      "(supervisor.getState), or one of its programs.\n"
      "  curl -X POST 'http://127.0.0.1:8540/fault?kind=stop&for=2m'\n\nkinds:\n";
  for (std::size_t i = 0; i < kKinds; ++i) {
    const KindInfo& info = Info(static_cast<Kind>(i));
    text += "  " + std::string(info.name);
    text.append(info.name.size() < 20 ? 20 - info.name.size() : 1, ' ');
    text += info.help;
    if (!info.example.empty()) text += "  [" + std::string(info.example) + "]";
    text += "  (" + Targets(info.targets) + ")";
    text += '\n';
  }
  return text;
}

std::string Ok() {
  return HttpText("200 OK", kJsonType, "{\"ok\":true}\n");
}

std::string Bad(const std::string& error) {
  return HttpText("400 Bad Request", kJsonType, "{\"error\":" + JsonString(error) + "}\n");
}

std::string SetFault(World& world, const HttpRequest& request) {
  const auto fault = FaultFromQuery(ParseQuery(request.query));
  if (!fault) return Bad(fault.error());
  if (fault->node == kSupervisordNode) {
    if (!world.HasSupervisord()) return Bad("there is no supervisord: --supervisord");
  } else if (fault->node == kSupervisorNode) {
    if (!world.HasSupervisor()) return Bad("there is no supervisor: --supervisor");
  } else if (fault->node <= kJormungandrNode) {
    if (!world.HasJormungandr()) return Bad("there is no Jormungandr: --jormungandr");
  } else if (fault->node < kEveryNode && world.Beacon() == nullptr) {
    return Bad("there is no beacon node: --beacon");
  }
  if (fault->node >= world.Nodes()) {
    return Bad("node: there are " + std::to_string(world.Nodes()) + " (--nodes)");
  }
  world.SetFault(*fault);
  return Ok();
}

std::string ClearFaults(World& world, const HttpRequest& request) {
  const auto query = ParseQuery(request.query);
  const auto kind_name = query.find("kind");
  if (kind_name == query.end()) {
    world.Clear();
    return Ok();
  }
  const auto kind = FindKind(kind_name->second);
  if (!kind) return Bad("unknown kind: GET / lists them");
  world.Clear(*kind);
  return Ok();
}

// The text of a label or annotation, on one line.
std::string LineOf(const json& alert, const char* group, const char* name) {
  const auto members = alert.find(group);
  if (members == alert.end() || !members->is_object()) return {};
  const auto member = members->find(name);
  if (member == members->end() || !member->is_string()) return {};
  std::string text = member->get<std::string>();
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::string PageLine(const json& alert) {
  const auto status = alert.find("status");
  std::string line = "PAGE ";
  line += status != alert.end() && status->is_string() ? status->get<std::string>() : "unknown";
  line += ' ' + LineOf(alert, "labels", "alertname");
  for (const char* const label : {"severity", "instance", "cause"}) {
    const std::string value = LineOf(alert, "labels", label);
    if (!value.empty()) line += ' ' + std::string(label) + '=' + value;
  }
  const std::string summary = LineOf(alert, "annotations", "summary");
  return summary.empty() ? line : line + ' ' + summary;
}

}  // namespace

std::string AnswerControl(World& world, const HttpRequest& request) {
  if (request.method == "GET" && request.path == "/") {
    return HttpText("200 OK", "text/plain; charset=utf-8", Help());
  }
  if (request.method == "GET" && request.path == "/state") {
    return HttpText("200 OK", kJsonType, world.StateJson());
  }
  if (request.method == "GET" && request.path == "/alerts") {
    return HttpText("200 OK", kJsonType, world.AlertsJson());
  }
  if (request.method == "GET" && request.path == "/validators") {
    return HttpText("200 OK", "text/plain; charset=utf-8", world.OwnKeys());
  }
  if (request.method == "GET" && request.path == "/token") {
    return HttpText("200 OK", "text/plain; charset=utf-8", std::string(kKeymanagerToken) + "\n");
  }
  if (request.method == "GET" && request.path == "/supervisor-key") {
    return HttpText("200 OK", "text/plain; charset=utf-8", std::string(kSupervisorKey) + "\n");
  }
  if (request.path != "/fault" && request.path != "/clear" && request.path != "/block") {
    return HttpText("404 Not Found", kJsonType, "{\"error\":\"GET / lists what there is\"}\n");
  }
  if (request.method != "POST") {
    return HttpText("405 Method Not Allowed", kJsonType, "{\"error\":\"POST\"}\n");
  }
  if (request.path == "/fault") return SetFault(world, request);
  if (request.path == "/clear") return ClearFaults(world, request);
  if (world.Beacon() != nullptr) return Bad("the beacon chain's slots make the blocks");
  world.NewBlock();
  return Ok();
}

std::string AnswerWebhook(World& world, const HttpRequest& request) {
  const json body = json::parse(request.body, nullptr, false);
  const auto alerts = body.is_object() ? body.find("alerts") : body.end();
  if (!body.is_object() || alerts == body.end() || !alerts->is_array()) {
    return Bad("Alertmanager's webhook JSON is expected");
  }
  for (const json& alert : *alerts) {
    if (!alert.is_object()) continue;
    world.Page(alert.dump(-1, ' ', false, json::error_handler_t::replace), PageLine(alert));
  }
  return Ok();
}

}  // namespace stakewatch::sim
