// The folders of the simulated validator supervisor.
#include "tests/sim/supervisor_home.h"

#include <filesystem>
#include <fstream>
#include <utility>

namespace stakewatch::sim {
namespace {

constexpr std::size_t kBackupBytes = 904;

std::string PeerOf(std::size_t bastion) {
  return "root@" + std::string(kBastions[bastion]) + ":2222";
}

// EIP-3076, of two keys.
std::string Interchange() {
  std::string text = R"({"metadata":{"interchange_format_version":"5"},"data":[)";
  for (const char digit : {'a', 'b'}) {
    text += digit == 'a' ? "" : ",";
    text += R"({"pubkey":"0x)" + std::string(96, digit) +
            R"(","signed_blocks":[{"slot":"6999000"}],"signed_attestations":[)"
            R"({"source_epoch":"218748","target_epoch":"218749"}]})";
  }
  return text + "]}\n";
}

}  // namespace

SupervisorHome::SupervisorHome(std::string folder) : folder_(std::move(folder)) {
  for (const char* name : {"/data", "/logs"}) {
    std::filesystem::create_directories(folder_ + name);
  }
  std::ofstream(folder_ + "/slashing-protection.json") << Interchange();
  Reality before;
  before.tunnels.fill(Reality::Tunnel::kDown);
  Backup(before);
}

void SupervisorHome::Follow(const FaultSet& faults) {
  const Reality reality = RealityOf(faults);
  const bool daemon = faults.Find(Kind::kStop, kSupervisorNode) == nullptr;
  for (std::size_t i = 0; i < kBastions.size(); ++i) {
    const bool up = reality.tunnels[i] != Reality::Tunnel::kDown;
    if (daemon && up && !tunnels_[i]) {
      Log("INFO     validator_supervisor.ssh Connected to " + PeerOf(i) + ", forwarding ports");
    } else if (daemon && !up && tunnels_[i]) {
      Log("WARNING  validator_supervisor.ssh Unexpectedly disconnected from " + PeerOf(i) +
          ", closing ports");
    }
    tunnels_[i] = up;
  }
  if (daemon && reality.validator != validator_) {
    Log(std::string("INFO     validator_supervisor.subprocess ") +
        (validator_ ? "Supervised process validator exited"
                    : "Started supervised process validator"));
    if (validator_) Backup(reality);
  }
  validator_ = reality.validator;
}

void SupervisorHome::Log(const std::string& line) const {
  std::ofstream(folder_ + "/logs/supervisor.log", std::ios::app) << line << "\n";
}

void SupervisorHome::Backup(const Reality& reality) const {
  const std::string path = folder_ + "/data/supervisor-backup.bin";
  std::ofstream(path, std::ios::binary) << std::string(kBackupBytes, '\0');
  Log("DEBUG    validator_supervisor.backup_archive Wrote backup to " + path + ", " +
      std::to_string(kBackupBytes) + " bytes");
  for (std::size_t i = 0; i < kBastions.size(); ++i) {
    if (reality.tunnels[i] != Reality::Tunnel::kUp) continue;
    Log("DEBUG    validator_supervisor.supervisor Uploaded scp backup to " + PeerOf(i));
  }
}

}  // namespace stakewatch::sim
