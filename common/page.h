#pragma once
// The text page (exposition format 0.0.4), written by std::to_chars; and its gzip, level 1.
#include <span>
#include <string>
#include <string_view>

#include <prometheus/metric_family.h>

namespace stakewatch {

inline constexpr std::string_view kPageContentType = "text/plain; version=0.0.4; charset=utf-8";

// Gauges, counters and histograms; families without a sample are left out.
std::string WritePage(std::span<const prometheus::MetricFamily> families);

// cpp-httplib compresses with Z_DEFAULT_COMPRESSION, fixed inside Debian's library; so we do it.
std::string Gzip(std::string_view text);

}  // namespace stakewatch
