#include "common/own_metrics.h"

namespace stakewatch {
namespace {

prometheus::Labels LabelsOf(const MetricRow& row, const std::vector<std::string>& values) {
  prometheus::Labels labels;
  for (std::size_t i = 0; i < row.label_count; ++i) {
    labels.emplace(row.labels[i], CleanLabelValue(values[i]));
  }
  return labels;
}

}  // namespace

prometheus::Counter& OwnMetrics::AddCounter(const MetricRow& row,
                                            const std::vector<std::string>& values) {
  return prometheus::BuildCounter()
      .Name(std::string(row.name))
      .Help(std::string(row.help))
      .Register(registry_)
      .Add(LabelsOf(row, values));
}

prometheus::Gauge& OwnMetrics::AddGauge(const MetricRow& row,
                                        const std::vector<std::string>& values) {
  return prometheus::BuildGauge()
      .Name(std::string(row.name))
      .Help(std::string(row.help))
      .Register(registry_)
      .Add(LabelsOf(row, values));
}

prometheus::Histogram& OwnMetrics::AddHistogram(const MetricRow& row,
                                                const std::vector<double>& upper_bounds) {
  return prometheus::BuildHistogram()
      .Name(std::string(row.name))
      .Help(std::string(row.help))
      .Register(registry_)
      .Add({}, upper_bounds);
}

}  // namespace stakewatch
