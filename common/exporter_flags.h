#pragma once
// The flags that all programs share.
#include <chrono>
#include <string>
#include <vector>

#include "common/exporter.h"

namespace stakewatch {

struct ExporterSettings {
  WebOptions web;
  std::string telemetry_path = "/metrics";
  std::chrono::milliseconds scrape_timeout{10000};
  std::vector<std::string> disabled;
  std::vector<std::string> probe_allow;
  std::string log_level = "info";
  std::string log_format = "logfmt";
  bool check_config = false;
  bool describe_metrics = false;
  bool health = false;
  bool version = false;
};

void DeclareFlags(Flags& flags, const Exporter& exporter, ExporterSettings& settings);

// What is wrong with them, the values of which no type can check.
Checked<void> CheckSettings(const Exporter& exporter, const ExporterSettings& settings);

}  // namespace stakewatch
