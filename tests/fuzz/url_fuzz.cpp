// URLs, addresses, durations, probe patterns and clean text.
#include <cstdint>
#include <string>
#include <vector>

#include "common/duration.h"
#include "common/net/net.h"
#include "common/scrape/probe.h"
#include "common/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto url = stakewatch::ParseUrl(text);
  if (url && (url->host.empty() || url->port == 0)) __builtin_trap();
  if (url && url->HostHeader().find_first_of("\r\n \t@") != std::string::npos) __builtin_trap();
  (void)stakewatch::ParseHostPort(text);
  (void)stakewatch::ParseDuration(text);
  const std::size_t half = size / 2;
  (void)stakewatch::ProbeAllowed(text.substr(0, half), {text.substr(half)});
  const std::string clean = stakewatch::CleanText(text, 64);
  if (clean.size() > 64 || stakewatch::CleanText(clean, 64) != clean) __builtin_trap();
  return 0;
}
