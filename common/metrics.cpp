#include "common/metrics.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace stakewatch {
namespace {

[[noreturn]] void Abort(std::string_view what, std::string_view name) {
  std::fprintf(stderr, "metrics: %.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(name.size()), name.data());
  std::abort();
}

constexpr std::size_t kLabelValueBytesMax = 128;

// The length of the UTF-8 sequence at the front of `text`; 0 if there is none (RFC 3629: no
// surrogates, no overlong forms, nothing above U+10FFFF).
std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return length;
}

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
  std::string clean;
  while (!label_value.empty()) {
    const std::size_t length = Utf8Length(label_value);
    const bool printable = static_cast<unsigned char>(label_value.front()) >= 0x20 &&
                           label_value.front() != 0x7F && length != 0;
    const std::size_t taken = std::max<std::size_t>(length, 1);
    if (clean.size() + taken > kLabelValueBytesMax) break;
    if (printable) {
      clean += label_value.substr(0, taken);
    } else {
      clean += '?';
    }
    label_value.remove_prefix(taken);
  }
  return clean;
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
