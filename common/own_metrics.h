#pragma once
// The exporter's own counters, and those of its feeds: what grows over the life of the process.
// They live in prometheus-cpp's registry; what a scrape finds out is told on a Sheet instead.
#include <span>
#include <string>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "common/metrics.h"

namespace stakewatch {

// Thread-safe. The references it gives live as long as it does.
class OwnMetrics {
 public:
  OwnMetrics() : registry_(prometheus::Registry::InsertBehavior::Merge) {}

  template <std::size_t N, class... V>
    requires(sizeof...(V) == N)
  prometheus::Counter& CounterOf(const Metric<N>& metric, const V&... label_values) {
    return AddCounter(metric.row, {std::string(label_values)...});
  }
  template <std::size_t N, class... V>
    requires(sizeof...(V) == N)
  prometheus::Gauge& GaugeOf(const Metric<N>& metric, const V&... label_values) {
    return AddGauge(metric.row, {std::string(label_values)...});
  }
  prometheus::Histogram& HistogramOf(const Metric<0>& metric,
                                     const std::vector<double>& upper_bounds) {
    return AddHistogram(metric.row, upper_bounds);
  }

  Families Collect() const { return registry_.Collect(); }

 private:
  prometheus::Counter& AddCounter(const MetricRow& row, const std::vector<std::string>& values);
  prometheus::Gauge& AddGauge(const MetricRow& row, const std::vector<std::string>& values);
  prometheus::Histogram& AddHistogram(const MetricRow& row,
                                      const std::vector<double>& upper_bounds);

  prometheus::Registry registry_;
};

}  // namespace stakewatch
