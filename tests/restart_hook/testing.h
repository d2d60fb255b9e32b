#pragma once
// A configuration, alerts and a scripted supervisord for the tests of restart_hook.
#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "actions/restart_hook/alerts.h"
#include "actions/restart_hook/config.h"
#include "actions/restart_hook/decide.h"

namespace stakewatch::restart_hook {

inline constexpr double kNow = 1795000000;

inline const std::string kConfig = R"(
dry_run: false
repeated_within: 5m
groups:
  pool:
    alerts: [Stuck, Forked]
    doubtful: [Doubt]
    labels: {network: main}
    targets:
      one: {labels: {node: one}, supervisord: "unix:///s", program: "pool:one", allow_signing: true}
      two: {labels: {node: two}, supervisord: "unix:///s", program: "pool:two", allow_signing: true}
  other:
    alerts: [Stuck]
    doubtful: [Doubt2]
    targets:
      three: {labels: {node: three}, supervisord: "http://127.0.0.1:9001", program: three, signs: false}
)";

inline Config TestConfig(const std::string& yaml = kConfig) {
  auto config = ParseConfig(yaml);
  REQUIRE_MESSAGE(config, config.error());
  return *config;
}

inline Alert Firing(const std::string& name, const std::string& node,
                    const std::string& network = "main") {
  return {
      true, {{"alertname", name}, {"node", node}, {"network", network}}, "2026-11-21T18:00:00Z"};
}

inline Alert Resolved(Alert alert) {
  alert.firing = false;
  return alert;
}

inline Process Running(std::int64_t start) {
  return {20, "RUNNING", start, 0, start + 100000, 77};
}

}  // namespace stakewatch::restart_hook
