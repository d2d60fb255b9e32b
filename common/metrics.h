#pragma once
// Metrics are declared once, as constants; everything else (exposition, docs/metrics.md, the check
// of dashboards and alert rules) reads the declaration. A badly formed declaration does not
// compile.
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/metric_family.h>

namespace stakewatch {

enum class Kind { kGauge, kCounter, kHistogram };

inline constexpr std::size_t kLabelsMax = 4;

// A declaration with its label count erased: one row of the table that tools read.
struct MetricRow {
  Kind kind{};
  std::string_view name;
  std::string_view help;
  std::array<std::string_view, kLabelsMax> labels{};
  std::size_t label_count = 0;
};

template <std::size_t N>
struct Metric {
  MetricRow row;
};

namespace detail {
consteval void Require(bool ok, const char* why) {
  if (!ok) throw why;  // In consteval code this is a compile error that shows `why`.
}
consteval bool IsName(std::string_view s) {
  for (const char c : s) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
  }
  return !s.empty() && s.front() >= 'a' && s.back() != '_';
}
template <class... L>
consteval Metric<sizeof...(L)> Declare(Kind kind, std::string_view name, std::string_view help,
                                       L... labels) {
  static_assert(sizeof...(L) <= kLabelsMax);
  Require(IsName(name), "metric names are snake_case");
  Require(name.ends_with("_total") == (kind == Kind::kCounter), "_total: counters, only counters");
  Require(!name.ends_with("_count") && !name.ends_with("_sum") && !name.ends_with("_bucket"),
          "_count, _sum and _bucket belong to histograms, which add them");
  Require(help.ends_with('.'), "help is a sentence");
  // TextSerializer 1.0.1 does not escape help: a newline there breaks the whole exposition.
  Require(help.find_first_of("\n\\") == std::string_view::npos, "help is one plain line");
  MetricRow row{kind, name, help, {std::string_view(labels)...}, sizeof...(L)};
  for (std::size_t i = 0; i < row.label_count; ++i) {
    Require(IsName(row.labels[i]) && row.labels[i] != "le", "label names are snake_case, not le");
    for (std::size_t j = 0; j < i; ++j) {
      Require(row.labels[i] != row.labels[j], "a label stands once");
    }
  }
  return {row};
}
}  // namespace detail

template <class... L>
consteval auto Gauge(std::string_view name, std::string_view help, L... labels) {
  return detail::Declare(Kind::kGauge, name, help, labels...);
}
template <class... L>
consteval auto Counter(std::string_view name, std::string_view help, L... labels) {
  return detail::Declare(Kind::kCounter, name, help, labels...);
}
template <class... L>
consteval auto Histogram(std::string_view name, std::string_view help, L... labels) {
  return detail::Declare(Kind::kHistogram, name, help, labels...);
}

// All metrics of one exporter, in the order of the reference page.
template <std::size_t... N>
consteval std::array<MetricRow, sizeof...(N)> Table(const Metric<N>&... metrics) {
  return {metrics.row...};
}

// Several tables one after the other.
template <std::size_t... N>
consteval auto Join(const std::array<MetricRow, N>&... tables) {
  std::array<MetricRow, (N + ...)> all{};
  std::size_t at = 0;
  const auto add = [&](const auto& table) {
    for (const MetricRow& row : table) all[at++] = row;
  };
  (add(tables), ...);
  return all;
}

using Families = std::vector<prometheus::MetricFamily>;

// The sheet one source fills in during one scrape. Made afresh each time, so that a peer or
// validator that is gone leaves no stale series behind. Samples of one metric are kept together.
// Not thread-safe: one source, one sheet.
class Sheet {
 public:
  explicit Sheet(std::span<const MetricRow> declared);

  // A missing value is a missing sample: never 0, never NaN. Label values may be any bytes; what is
  // not UTF-8 or a control character is replaced by '?', and what is longer than 128 bytes is cut.
  // Setting a series twice aborts, so whatever counts by foreign text counts by CleanLabelValue of
  // it.
  template <std::size_t N, class... V>
    requires(sizeof...(V) == N)
  void Set(const Metric<N>& metric, std::optional<double> value, const V&... label_values) {
    if (value) Add(metric.row, *value, std::array<std::string_view, N>{label_values...});
  }

  // What another sheet of the same declaration told before. Aborts if a family has been told here,
  // too: one source, one metric.
  void Repeat(const Families& told);

  // The declared families that have samples, in the declared order.
  Families TakeFamilies() &&;

 private:
  // Aborts if `row` is not in the declared table or the series is already there: programmer errors.
  void Add(const MetricRow& row, double value, std::span<const std::string_view> label_values);

  std::span<const MetricRow> declared_;
  Families families_;
};

// `label_value` as Sheet keeps it.
std::string CleanLabelValue(std::string_view label_value);

// Sheets of one page put together: families in the declared order, samples in that of the sheets.
Families Merge(std::span<const MetricRow> declared, std::vector<Families> sheets);

}  // namespace stakewatch
