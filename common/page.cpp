#include "common/page.h"

#include <charconv>
#include <cmath>

#include <zlib.h>

namespace stakewatch {
namespace {

void AppendValue(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-Inf" : "+Inf";
    return;
  }
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void AppendEscaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (c == '"' && quotes)) {
      (out += '\\') += c;
    } else {
      out += c;
    }
  }
}

// <name><suffix>{labels,le="…"} <value>
void AppendSample(std::string& out, std::string_view name, std::string_view suffix,
                  const std::vector<prometheus::ClientMetric::Label>& labels, const double* le,
                  double value) {
  out.append(name).append(suffix);
  char open = '{';
  for (const auto& label : labels) {
    (out += open).append(label.name).append("=\"");
    AppendEscaped(out, label.value, true);
    out += '"';
    open = ',';
  }
  if (le != nullptr) {
    (out += open).append("le=\"");
    AppendValue(out, *le);
    out += '"';
    open = ',';
  }
  if (open == ',') out += '}';
  out += ' ';
  AppendValue(out, value);
  out += '\n';
}

void AppendHistogram(std::string& out, std::string_view name,
                     const prometheus::ClientMetric& sample) {
  for (const auto& bucket : sample.histogram.bucket) {
    AppendSample(out, name, "_bucket", sample.label, &bucket.upper_bound,
                 static_cast<double>(bucket.cumulative_count));
  }
  AppendSample(out, name, "_sum", sample.label, nullptr, sample.histogram.sample_sum);
  AppendSample(out, name, "_count", sample.label, nullptr,
               static_cast<double>(sample.histogram.sample_count));
}

std::string_view TypeWord(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return " counter\n";
    case prometheus::MetricType::Histogram:
      return " histogram\n";
    default:
      return " gauge\n";
  }
}

}  // namespace

std::string WritePage(std::span<const prometheus::MetricFamily> families) {
  std::string out;
  for (const auto& family : families) {
    if (family.metric.empty()) continue;
    out.append("# HELP ").append(family.name).append(" ");
    AppendEscaped(out, family.help, false);
    out.append("\n# TYPE ").append(family.name).append(TypeWord(family.type));
    for (const auto& sample : family.metric) {
      if (family.type == prometheus::MetricType::Histogram) {
        AppendHistogram(out, family.name, sample);
      } else {
        const bool counter = family.type == prometheus::MetricType::Counter;
        AppendSample(out, family.name, "", sample.label, nullptr,
                     counter ? sample.counter.value : sample.gauge.value);
      }
    }
  }
  return out;
}

std::string Gzip(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(done ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

}  // namespace stakewatch
