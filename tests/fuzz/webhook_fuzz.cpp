// Notifications of Alertmanager: what is read of one names targets of the configuration alone, and
// one that cannot be read says nothing.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "actions/restart_hook/alerts.h"
#include "actions/restart_hook/config.h"
#include "actions/restart_hook/decide.h"
#include "actions/restart_hook/notification.h"

namespace {

using namespace stakewatch::restart_hook;

const Config& TestConfig() {
  static const auto config = ParseConfig(R"(
dry_run: false
groups:
  g:
    alerts: [a]
    doubtful: [d]
    settle: 0s
    targets:
      t: {labels: {i: x}, supervisord: "unix:///s", program: p, signs: false}
      s: {labels: {i: y}, supervisord: "unix:///s", program: q}
)");
  if (!config) std::abort();
  return *config;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Config& config = TestConfig();
  const Group& group = config.groups[0];
  Alerts alerts(config, 0);
  const auto read = ParseNotification(text);
  if (!read) return 0;
  const Alerts::Named named = alerts.Hear(*read, 1e9);
  for (const Target& target : group.targets) {
    const Why why = Decide(config, group, target, alerts, {}, 1e9);
    const bool good = why != Why::kDue ||
                      (target.name == "t" && named.targets.contains("t") && !alerts.Doubtful("g"));
    if (!good) __builtin_trap();
  }
  return 0;
}
