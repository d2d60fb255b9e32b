// State, programs and faults of the simulated supervisord.
#include "tests/sim/supervisord.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string_view>

namespace stakewatch::sim {
namespace {

constexpr int kUnknownMethod = 1, kShutdownState = 6;

struct StateRow {
  int code;
  std::string_view name;
};
constexpr std::array<StateRow, 4> kStates = {
    {{1, "RUNNING"}, {2, "FATAL"}, {0, "RESTARTING"}, {-1, "SHUTDOWN"}}};
constexpr std::array<StateRow, 8> kProcessStates = {{{0, "STOPPED"},
                                                     {10, "STARTING"},
                                                     {20, "RUNNING"},
                                                     {30, "BACKOFF"},
                                                     {40, "STOPPING"},
                                                     {100, "EXITED"},
                                                     {200, "FATAL"},
                                                     {1000, "UNKNOWN"}}};

struct Program {
  std::string_view group, name, state;
};
constexpr std::array<Program, 5> kPrograms = {{{"ethereum", "geth", "RUNNING"},
                                               {"ethereum", "prysm", "RUNNING"},
                                               {"validator", "validator", "RUNNING"},
                                               {"backup", "backup", "EXITED"},
                                               {"rescue", "rescue", "STOPPED"}}};
constexpr std::string_view kEvilName = "geth&quot;} 1&#10;evil 1&#27;[31m\xff&lt;b&gt;";

template <std::size_t kSize>
int CodeOf(const std::array<StateRow, kSize>& states, std::string_view name, int otherwise) {
  const auto found = std::ranges::find(states, name, &StateRow::name);
  return found == states.end() ? otherwise : found->code;
}

std::string Int(std::int64_t value) {
  return "<int>" + std::to_string(value) + "</int>";
}

std::string String(std::string_view text) {
  return "<string>" + std::string(text) + "</string>";
}

std::string Member(std::string_view name, const std::string& value) {
  return "<member>\n<name>" + std::string(name) + "</name>\n<value>" + value +
         "</value>\n</member>\n";
}

SupervisordReply Xml(const std::string& inside) {
  return {.head = {.content_type = "text/xml", .headers = "Server: Medusa/1.12\r\n"},
          .body = "<?xml version='1.0'?>\n<methodResponse>\n" + inside + "</methodResponse>\n"};
}

SupervisordReply Value(const std::string& value) {
  return Xml("<params>\n<param>\n<value>" + value + "</value>\n</param>\n</params>\n");
}

SupervisordReply FaultReply(std::int64_t code, std::string_view text) {
  return Xml("<fault>\n<value><struct>\n" + Member("faultCode", Int(code)) +
             Member("faultString", String(text)) + "</struct></value>\n</fault>\n");
}

SupervisordReply ErrorPage(int code, const std::string& reason) {
  const std::string number = std::to_string(code);
  return {.head = {.status = number + " " + reason,
                   .content_type = "text/html",
                   .headers = "Server: Medusa/1.12\r\n"},
          .body =
              "<head>\n<title>Error response</title>\n</head>\n<body>\n<h1>Error "
              "response</h1>\n<p>Error code " +
              number + ".\n<p>Message: " + reason + ".\n</body>\n"};
}

std::string Uptime(double seconds) {
  const auto whole = static_cast<long>(seconds);
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(), "%ld:%02ld:%02ld", whole / 3600,
                                 whole / 60 % 60, whole % 60);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string Date(double at) {
  const auto seconds = static_cast<std::time_t>(at);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%b %d %I:%M %p", &parts)};
}

// What is told of one program; the traps are those of the real one.
std::string Info(const Program& program, const FaultSet& faults, double started, double now) {
  std::string_view state = program.state, detail;
  double start = started;
  if (const Fault* const fault = faults.Find(Kind::kProcess, kSupervisordNode, program.name)) {
    state = fault->value;
    const std::size_t colon = std::min(state.find(':'), state.size());
    detail = state.substr(std::min(colon + 1, state.size()));
    state = state.substr(0, colon);
    if (state.empty()) state = "FATAL";
  }
  if (const Fault* const fault = faults.Find(Kind::kFlapping, kSupervisordNode, program.name)) {
    const double every = std::chrono::duration<double>(
                             ParseDuration(fault->value).value_or(std::chrono::seconds(10)))
                             .count();
    start += std::floor((now - started) / every) * every;
  }
  const bool lives = state == "STARTING" || state == "RUNNING" || state == "STOPPING";
  const bool given_up = state == "BACKOFF" || state == "FATAL";
  const bool exited = state == "EXITED";
  const std::string status = exited && !detail.empty() ? std::string(detail) : "0";
  std::string error;
  if (given_up) {
    error =
        detail.empty() ? "Exited too quickly (process log may have details)" : std::string(detail);
  } else if (exited && status != "0") {
    error = "Bad exit code " + status;
  }
  // A command that is not there never ran, and so never ended.
  const bool ended = exited || (given_up && !error.starts_with("can't find command"));
  const std::string about = state == "STOPPED"   ? "Not started"
                            : state == "RUNNING" ? "pid 4242, uptime " + Uptime(now - start)
                            : exited             ? Date(start)
                                                 : error;
  const bool evil =
      program.name == "geth" && faults.Find(Kind::kEvilNames, kSupervisordNode) != nullptr;
  const std::string log = "/var/log/supervisor/" + std::string(program.name) + ".log";
  return "<value><struct>\n" + Member("name", String(evil ? kEvilName : program.name)) +
         Member("group", String(program.group)) +
         Member("start", Int(state == "STOPPED" ? 0 : std::llround(std::floor(start)))) +
         Member("stop", Int(ended ? std::llround(std::floor(start)) : 0)) +
         Member("now", Int(std::llround(std::floor(now)))) +
         Member("state", Int(CodeOf(kProcessStates, state, 1000))) +
         Member("statename", String(state)) + Member("spawnerr", String(error)) +
         Member("exitstatus", "<int>" + status + "</int>") + Member("logfile", String(log)) +
         Member("stdout_logfile", String(log)) + Member("stderr_logfile", String(log)) +
         Member("pid", Int(lives ? 4242 : 0)) + Member("description", String(about)) +
         "</struct></value>\n";
}

SupervisordReply AnswerCall(const FaultSet& faults, const std::string& method, double started,
                            double now) {
  if (const Fault* const fault = faults.Find(Kind::kRpcError, kSupervisordNode, method)) {
    return FaultReply(static_cast<std::int64_t>(ValueOf(*fault, 30)), "SIMULATED");
  }
  const Fault* const fault = faults.Find(Kind::kState, kSupervisordNode);
  const std::string state = fault == nullptr       ? "RUNNING"
                            : fault->value.empty() ? "SHUTDOWN"
                                                   : fault->value;
  // While it stops, to every call.
  if (state == "SHUTDOWN") return FaultReply(kShutdownState, "SHUTDOWN_STATE");
  if (method == "supervisor.getAPIVersion") return Value(String("3.0"));
  if (method == "supervisor.getSupervisorVersion") return Value(String("4.2.5"));
  if (method == "supervisor.getIdentification") return Value(String("simulated"));
  if (method == "supervisor.getState") {
    return Value("<struct>\n" + Member("statecode", Int(CodeOf(kStates, state, 7))) +
                 Member("statename", String(state)) + "</struct>");
  }
  if (method == "supervisor.getAllProcessInfo") {
    std::string infos;
    for (const Program& program : kPrograms) infos += Info(program, faults, started, now);
    return Value("<array><data>\n" + infos + "</data></array>");
  }
  return FaultReply(kUnknownMethod, "UNKNOWN_METHOD");
}

void Replace(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

void Spoil(const FaultSet& faults, const std::string& method, std::string& body) {
  const auto on = [&](Kind kind) { return faults.Find(kind, kSupervisordNode, method); };
  if (on(Kind::kWrongTypes) != nullptr) {
    Replace(body, "<int>", "<string>x");
    Replace(body, "</int>", "</string>");
    Replace(body, "<string></string>", "<int>0</int>");
    Replace(body, "<string>3.0</string>", "<double>3.0</double>");
  }
  if (on(Kind::kHugeNumbers) != nullptr) Replace(body, "<int>", "<int>99999999999999999999");
  if (on(Kind::kInvalidUtf8) != nullptr) Replace(body, "</string>", "\xff\xc0\xaf</string>");
  if (const Fault* const fault = on(Kind::kDeepNesting)) {
    std::string deep;
    const std::uint64_t depth = std::min<std::uint64_t>(ValueOf(*fault, 100'000), 1'000'000);
    for (std::uint64_t i = 0; i < depth; ++i) deep += "<value><array><data>";
    body = Value(deep).body;
  }
  if (on(Kind::kEntities) != nullptr) {
    std::string type = "<!DOCTYPE a [<!ENTITY e0 \"simulated\">";
    for (int i = 1; i < 10; ++i) {
      type += "<!ENTITY e" + std::to_string(i) + " \"";
      for (int j = 0; j < 10; ++j) type += "&e" + std::to_string(i - 1) + ";";
      type += "\">";
    }
    Replace(body, "<methodResponse>", type + "]>\n<methodResponse>");
    Replace(body, ">simulated<", ">&e9;<");
  }
}

}  // namespace

std::string XmlRpcMethod(const HttpRequest& request) {
  constexpr std::string_view kOpen = "<methodName>", kClose = "</methodName>";
  const std::size_t begin = request.body.find(kOpen);
  const std::size_t end = request.body.find(kClose);
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return {};
  return std::string(request.body.substr(begin + kOpen.size(), end - begin - kOpen.size()));
}

SupervisordReply AnswerSupervisord(const FaultSet& faults, const HttpRequest& request,
                                   double started, double now) {
  const std::string method = XmlRpcMethod(request);
  if (request.method != "POST" || (request.path != "/RPC2" && request.path != "/RPC2/") ||
      method.empty()) {
    return ErrorPage(400, "Bad Request");
  }
  SupervisordReply reply = AnswerCall(faults, method, started, now);
  Spoil(faults, method, reply.body);
  return reply;
}

}  // namespace stakewatch::sim
