#include "exporters/jormungandr/external_tip.h"

#include <utility>

#include "common/json.h"
#include "common/number.h"
#include "exporters/jormungandr/metrics.h"

namespace stakewatch::jormungandr {
namespace {

constexpr int kIntervalsMax = 5;

JsonValue Below(JsonValue value, std::string_view step) {
  if (value.type() != simdjson::ondemand::json_type::array) {
    return value.get_object().find_field_unordered(step);
  }
  const auto index = WholeNumber<std::size_t>(step);
  if (!index) throw BadShape{"\"" + std::string(step) + "\" is no index of an array"};
  return value.get_array().at(*index);
}

}  // namespace

Result<std::uint64_t> ParseExternalTip(const std::string& answer, std::string_view path) {
  if (path.starts_with("$.")) path.remove_prefix(2);
  return Decode(answer, [&](JsonValue value) {
    std::string_view rest = path;
    for (;;) {
      const std::size_t dot = rest.find('.');
      value = Below(value, rest.substr(0, dot));
      if (dot == std::string_view::npos) return Decimal(value);
      rest.remove_prefix(dot + 1);
    }
  });
}

ExternalTip::ExternalTip(ExternalTipParts parts)
    : name_(std::move(parts.name)),
      age_max_(parts.interval * kIntervalsMax),
      job_({.schedule = Every(parts.interval, parts.interval), .run_time_max = parts.timeout},
           [upstream = std::move(parts.upstream),
            path = std::move(parts.path)](const Deadline& deadline) -> Result<std::uint64_t> {
             const auto answer =
                 upstream->Ask({.name = "external_tip", .path = "", .body = {}}, deadline);
             if (!answer) return std::unexpected(answer.error());
             return ParseExternalTip(*answer, path);
           }) {}

Result<void> ExternalTip::Tell(double now, Sheet& sheet) const {
  const auto state = job_.Now();
  if (state.found != nullptr && state.past.last_success_at) {
    const std::chrono::duration<double> at = state.past.last_success_at->time_since_epoch();
    if (now - at.count() < age_max_.count()) {
      sheet.Set(kExternalTipHeight, static_cast<double>(*state.found), name_);
    }
  }
  return TellJob(state.past, {kExternalTipLastSuccess, kExternalTipDuration, kExternalTipFailures},
                 sheet);
}

}  // namespace stakewatch::jormungandr
