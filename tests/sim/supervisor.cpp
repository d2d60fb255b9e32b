// The simulated validator supervisor: its RPC, and what is true of it.
#include "tests/sim/supervisor.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <nlohmann/json.hpp>

#include "tests/sim/http.h"
#include "tests/sim/text.h"

namespace stakewatch::sim {
namespace {

using json = nlohmann::json;
using Tunnel = Reality::Tunnel;

constexpr std::array<Reality, 8> kRealities = {{
    {.name = "running"},
    {.name = "locked", .unlocked = false, .supervised = false, .connected = -1, .validator = false},
    {.name = "unlocked", .supervised = false, .connected = -1, .validator = false},
    {.name = "retry_gap", .validator = false},
    {.name = "used_bastion_down", .tunnels = {Tunnel::kDown, Tunnel::kUp}},
    {.name = "unused_bastion_down", .tunnels = {Tunnel::kUp, Tunnel::kDown}},
    {.name = "no_beacon",
     .connected = -1,
     .validator = false,
     .tunnels = {Tunnel::kDown, Tunnel::kDown}},
    {.name = "silent_links", .tunnels = {Tunnel::kSilent, Tunnel::kSilent}},
}};

constexpr std::array<std::string_view, 11> kMethods = {"get_health",
                                                       "start_validator",
                                                       "stop_validator",
                                                       "connect",
                                                       "shutdown",
                                                       "set_validator_release",
                                                       "begin_unlock",
                                                       "begin_import_keystore",
                                                       "check_unlock",
                                                       "get_auth_challenge",
                                                       "auth"};

constexpr int kDaemonPid = 65, kTunnelPid = 70, kShipperPid = 90, kValidatorPid = 236;
constexpr double kBootBefore = 1'000'000;

// BLAKE2b of 32 bytes with the personalisation that the daemon uses.
std::string MacOf(std::string_view message) {
  static constexpr unsigned char kPersonalisation[] = {0x2e, 0x3c, 0xd9, 0x06, 0x33, 0x6d,
                                                       0x48, 0x51, 0xf0, 0xd4, 0xec, 0x12,
                                                       0x09, 0xd4, 0xa3, 0x3b};
  std::array<unsigned char, 16> custom{};
  std::copy(std::begin(kPersonalisation), std::end(kPersonalisation), custom.begin());
  std::size_t size = 32;
  const std::array<OSSL_PARAM, 3> params = {
      OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_CUSTOM, custom.data(), custom.size()),
      OSSL_PARAM_construct_end()};
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  std::array<unsigned char, 32> mac{};
  EVP_Q_mac(nullptr, "BLAKE2BMAC", nullptr, nullptr, params.data(), bytes(kSupervisorKey),
            kSupervisorKey.size(), bytes(message), message.size(), mac.data(), mac.size(), nullptr);
  std::string hex;
  for (const unsigned char byte : mac) {
    hex += "0123456789abcdef"[byte >> 4U];
    hex += "0123456789abcdef"[byte & 15U];
  }
  return hex;
}

std::string Envelope(const std::string& id, const std::string& member, const std::string& value) {
  return R"({"jsonrpc": "2.0", "id": )" + id + ", \"" + member + "\": " + value + "}";
}

std::string ErrorLine(const std::string& id, std::string_view error) {
  return Envelope(id, "error", JsonString(error));
}

std::string HealthOf(const FaultSet& faults) {
  const Reality reality = RealityOf(faults);
  const auto word = [](bool value) { return value ? "true" : "false"; };
  std::string text = std::string(R"({"unlocked": )") + word(reality.unlocked) +
                     R"(, "validator_running": )" + word(reality.supervised);
  if (faults.Find(Kind::kOldDaemon, kSupervisorNode) != nullptr) return text + "}";
  const std::string node =
      reality.connected < 0
          ? "null"
          : "[" + JsonString(kBastions[static_cast<std::size_t>(reality.connected)]) + ", 2222]";
  return text + R"(, "connected_node": )" + node +
         R"(, "validator_release": {"impl_name": "lighthouse", "version": "v5.0.0", )"
         R"("checksum": "00"}})";
}

std::string AnswerAuth(const std::string& id, const json& params, SupervisorSession& session) {
  if (!params.is_array() || params.size() != 2) {
    return ErrorLine(id, "params must be an array [USER, AUTH_RESPONSE]");
  }
  if (!params[0].is_string()) return ErrorLine(id, "user must be a string");
  if (!params[1].is_string()) return ErrorLine(id, "auth response must be a string");
  if (params[0] != kSupervisorUser) return ErrorLine(id, "user not found");
  if (params[1] != MacOf(session.challenge)) return ErrorLine(id, "denied");
  session.authenticated = true;
  return Envelope(id, "result", "\"accepted\"");
}

std::string AnswerMethod(const FaultSet& faults, const std::string& method, const std::string& id,
                         const json& params, SupervisorSession& session) {
  const auto on = [&](Kind kind) { return faults.Find(kind, kSupervisorNode, method); };
  if (const Fault* const fault = on(Kind::kRpcError)) {
    return ErrorLine(id, fault->value.empty() ? "denied" : fault->value);
  }
  if (on(Kind::kErrorObject) != nullptr) {
    return Envelope(id, "error", R"({"code": -32000, "message": "simulated"})");
  }
  if (const Fault* const fault = on(Kind::kLongLine)) {
    const std::size_t bytes = std::min<std::uint64_t>(ValueOf(*fault, 70'000), 1U << 24);
    return Envelope(id, "result", "\"" + std::string(bytes, 'a') + "\"");
  }
  if (const Fault* const fault = on(Kind::kDeepNesting)) {
    return Envelope(id, "result", std::string(std::min(ValueOf(*fault, 50'000), 50'000UL), '['));
  }
  if (on(Kind::kInvalidUtf8) != nullptr) return Envelope(id, "result", "\"\xff\xc0\xaf\"");
  if (on(Kind::kWrongTypes) != nullptr) return Envelope(id, "result", R"({"unlocked": "yes"})");
  if (method == "get_auth_challenge") return Envelope(id, "result", JsonString(session.challenge));
  if (method == "auth") return AnswerAuth(id, params, session);
  if (!session.authenticated) return ErrorLine(id, method + " requires authentication");
  if (method == "get_health") return Envelope(id, "result", HealthOf(faults));
  return ErrorLine(id, "UnlockRequired()");
}

bool IsUtf8(std::string_view text) {
  try {
    (void)json(text).dump();
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

std::string TunnelArguments(std::size_t bastion) {
  const std::string host(kBastions[bastion]);
  return "ssh -i /keys/client -o IdentitiesOnly=yes -p 2222 -L localhost:" +
         std::to_string(13000 + 3 * bastion) +
         ":lighthouse:5052 -L localhost:" + std::to_string(13006 + bastion) +
         ":loki:3100 -R localhost:2222:localhost:22 -R localhost:8000:/data/rpc.sock root@" + host;
}

std::string DockerArguments(const std::string& name) {
  return "docker run --rm --name validator-supervisor_" + name + " --net host";
}

}  // namespace

Reality RealityOf(const FaultSet& faults) {
  const Fault* const fault = faults.Find(Kind::kReality, kSupervisorNode);
  const auto* row = fault == nullptr ? kRealities.begin()
                                     : std::ranges::find(kRealities, fault->value, &Reality::name);
  Reality reality = row == kRealities.end() ? kRealities.front() : *row;
  if (faults.Find(Kind::kStop, kSupervisorNode) != nullptr) {
    reality.validator = false;
    reality.tunnels.fill(Tunnel::kDown);
  }
  return reality;
}

std::string AnswerSupervisor(const FaultSet& faults, std::string_view line,
                             SupervisorSession& session, std::string& method) {
  if (!IsUtf8(line)) return "";
  const json request = json::parse(line, nullptr, false);
  if (request.is_discarded()) {
    return ErrorLine(
        "null", "Failed to parse request body JSON: Expecting value: line 1 column 1 (char 0)");
  }
  const auto member = [&](const char* name) {
    return request.is_object() && request.contains(name) ? request[name] : json();
  };
  const json id = member("id"), params = member("params");
  if (member("jsonrpc") != "2.0" || !member("method").is_string() || !id.is_number_integer() ||
      params.is_null()) {
    return ErrorLine("null", "Received malformed JSON-RPC request: " + std::string(line));
  }
  method = member("method").get<std::string>().substr(0, 200);
  if (std::ranges::find(kMethods, method) == kMethods.end()) {
    return ErrorLine(id.dump(), "Unknown JSON-RPC command");
  }
  const bool another = faults.Find(Kind::kWrongId, kSupervisorNode, method) != nullptr;
  const std::string told = another ? std::to_string(id.get<std::int64_t>() + 1000) : id.dump();
  return AnswerMethod(faults, method, told, params, session);
}

std::string AnswerForward(int service) {
  if (service == 1) return HttpText("200 OK", "text/plain; charset=utf-8", "ready\n");
  return HttpText("200 OK", "application/json",
                  R"({"data":{"is_syncing":false,"is_optimistic":false,"el_offline":false,)"
                  R"("head_slot":"7000000","sync_distance":"0"}})");
}

Procfs::Procfs(std::string folder) : folder_(std::move(folder)) {}

void Procfs::Follow(const FaultSet& faults, double now) {
  if (started_.empty()) {
    started_[0] = now - kBootBefore;
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ + "/stat") << "cpu  1 2 3\nbtime " << std::llround(started_[0]) << "\n";
    std::ofstream(folder_ + "/swaps") << "Filename Type Size Used Priority\n";
    Write(1, 0, "/sbin/init", now);
  }
  const Reality reality = RealityOf(faults);
  const bool daemon = faults.Find(Kind::kStop, kSupervisorNode) == nullptr;
  const auto follow = [&](bool runs, int pid, int parent, const std::string& arguments) {
    if (!runs) {
      Remove(pid);
    } else if (!started_.contains(pid)) {
      Write(pid, parent, arguments, now);
    }
  };
  follow(daemon, kDaemonPid, 1,
         "/venv/bin/python -m validator_supervisor daemon --config-path /etc/supervisor.yaml");
  for (std::size_t i = 0; i < kBastions.size(); ++i) {
    const int number = static_cast<int>(i);
    follow(reality.tunnels[i] != Tunnel::kDown, kTunnelPid + number, kDaemonPid,
           TunnelArguments(i));
    std::string name = "65_alloy_" + std::string(kBastions[i]);
    std::ranges::replace(name, '.', '_');
    follow(daemon, kShipperPid + number, kDaemonPid, DockerArguments(name));
  }
  follow(reality.validator, kValidatorPid, kDaemonPid, DockerArguments("validator"));
}

// Into place at once, as a process appears.
void Procfs::Write(int pid, int parent, const std::string& arguments, double now) {
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const std::string fresh = folder_ + "/.new";
  std::filesystem::create_directory(fresh);
  std::ofstream(fresh + "/stat")
      << pid << " (simulated) S " << parent << " 1 1 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 1 0 "
      << std::llround((now - std::floor(started_[0])) * ticks)
      << " 9000000 2560 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n";
  std::string line = arguments + " ";
  std::ranges::replace(line, ' ', '\0');
  std::ofstream(fresh + "/cmdline", std::ios::binary) << line;
  std::filesystem::rename(fresh, folder_ + "/" + std::to_string(pid));
  started_[pid] = now;
}

void Procfs::Remove(int pid) {
  if (started_.erase(pid) == 0) return;
  std::filesystem::rename(folder_ + "/" + std::to_string(pid), folder_ + "/.old");
  std::filesystem::remove_all(folder_ + "/.old");
}

}  // namespace stakewatch::sim
