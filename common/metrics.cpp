#include "common/metrics.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "common/text.h"

namespace stakewatch {
namespace {

[[noreturn]] void Abort(std::string_view what, std::string_view name) {
  std::fprintf(stderr, "metrics: %.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(name.size()), name.data());
  std::abort();
}

constexpr std::size_t kLabelValueBytesMax = 128;

prometheus::MetricType TypeOf(Kind kind) {
  switch (kind) {
    case Kind::kGauge:
      return prometheus::MetricType::Gauge;
    case Kind::kCounter:
      return prometheus::MetricType::Counter;
    case Kind::kHistogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

}  // namespace

std::string CleanLabelValue(std::string_view label_value) {
  return CleanText(label_value, kLabelValueBytesMax);
}

Sheet::Sheet(std::span<const MetricRow> declared) : declared_(declared) {
  families_.resize(declared.size());
}

void Sheet::Add(const MetricRow& row, double value,
                std::span<const std::string_view> label_values) {
  // By address first: the declaration and its row in the table share the literal.
  auto at =
      std::ranges::find(declared_, row.name.data(), [](const auto& r) { return r.name.data(); });
  if (at == declared_.end()) at = std::ranges::find(declared_, row.name, &MetricRow::name);
  if (at == declared_.end()) Abort("not declared", row.name);
  if (row.kind == Kind::kHistogram) Abort("a histogram is no sample of a sheet", row.name);
  auto& family = families_[static_cast<std::size_t>(at - declared_.begin())];
  prometheus::ClientMetric sample;
  sample.label.reserve(row.label_count);
  for (std::size_t i = 0; i < row.label_count; ++i) {
    sample.label.push_back({std::string(row.labels[i]), CleanLabelValue(label_values[i])});
  }
  if (std::ranges::find(family.metric, sample.label, &prometheus::ClientMetric::label) !=
      family.metric.end()) {
    Abort("series set twice", row.name);
  }
  if (row.kind == Kind::kGauge) {
    sample.gauge.value = value;
  } else {
    sample.counter.value = value;
  }
  family.metric.push_back(std::move(sample));
}

void Sheet::Repeat(const Families& told) {
  for (const prometheus::MetricFamily& family : told) {
    const auto at = std::ranges::find(declared_, family.name, &MetricRow::name);
    if (at == declared_.end()) Abort("not declared", family.name);
    auto& samples = families_[static_cast<std::size_t>(at - declared_.begin())].metric;
    if (!samples.empty()) Abort("told twice", family.name);
    samples = family.metric;
  }
}

Families Sheet::TakeFamilies() && {
  for (std::size_t i = 0; i < declared_.size(); ++i) {
    if (families_[i].metric.empty()) continue;
    families_[i].name = declared_[i].name;
    families_[i].help = declared_[i].help;
    families_[i].type = TypeOf(declared_[i].kind);
  }
  std::erase_if(families_, [](const auto& family) { return family.metric.empty(); });
  return std::move(families_);
}

Families Merge(std::span<const MetricRow> declared, std::vector<Families> sheets) {
  Families page;
  for (const MetricRow& row : declared) {
    prometheus::MetricFamily* merged = nullptr;
    for (Families& sheet : sheets) {
      const auto family = std::ranges::find(sheet, row.name, &prometheus::MetricFamily::name);
      if (family == sheet.end()) continue;
      if (merged == nullptr) {
        merged = &page.emplace_back(std::move(*family));
      } else {
        std::ranges::move(family->metric, std::back_inserter(merged->metric));
      }
    }
  }
  return page;
}

}  // namespace stakewatch
