#include "exporters/supervisor/closed_path.h"

#include <filesystem>
#include <system_error>

namespace stakewatch::supervisor {
namespace {

namespace fs = std::filesystem;

bool Closed(const fs::path& path) {
  for (const fs::path& part : path) {
    if (part.string().starts_with("validator_supervisor-validator_data")) return true;
  }
  const std::string name = path.filename().string();
  return name == "supervisor-key.hex" || name == "config.yaml" || name.starts_with("id_") ||
         name.contains("passphrase");
}

}  // namespace

Checked<void> CheckNotClosed(const std::string& path) {
  std::error_code ignored;
  if (Closed(path) || Closed(fs::weakly_canonical(path, ignored))) {
    return std::unexpected(path + " is, or leads to, what stays closed: keys and their passwords");
  }
  return {};
}

}  // namespace stakewatch::supervisor
