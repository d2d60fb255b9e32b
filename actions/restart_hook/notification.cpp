#include "actions/restart_hook/notification.h"

#include <optional>
#include <string_view>
#include <utility>

#include "common/json.h"

namespace stakewatch::restart_hook {
namespace {

std::string Text(JsonValue value) {
  return std::string(std::string_view(value.get_string()));
}

Labels ReadLabels(JsonValue value) {
  Labels labels;
  for (auto field : value.get_object()) {
    std::string name(std::string_view(field.unescaped_key()));
    if (!labels.emplace(std::move(name), Text(field.value())).second) {
      throw BadShape{"a label stands twice"};
    }
  }
  return labels;
}

bool ReadStatus(JsonValue value) {
  const std::string status = Text(value);
  if (status != "firing" && status != "resolved") {
    throw BadShape{"an alert is neither firing nor resolved"};
  }
  return status == "firing";
}

// A member that stands twice is refused: the reader before us may have taken the other.
template <class T>
void Once(std::optional<T>& member, T value) {
  if (member) throw BadShape{"a member stands twice"};
  member = std::move(value);
}

Alert ReadAlert(JsonValue value) {
  std::optional<bool> firing;
  std::optional<Labels> labels;
  std::optional<std::string> starts_at;
  for (auto field : value.get_object()) {
    const std::string key(std::string_view(field.unescaped_key()));
    if (key == "status") Once(firing, ReadStatus(field.value()));
    if (key == "labels") Once(labels, ReadLabels(field.value()));
    if (key == "startsAt") Once(starts_at, Text(field.value()));
  }
  if (!firing || !labels || !starts_at) {
    throw BadShape{"an alert has no status, labels or startsAt"};
  }
  return {*firing, std::move(*labels), std::move(*starts_at)};
}

std::vector<Alert> ReadAlerts(JsonValue value) {
  std::vector<Alert> alerts;
  for (auto alert : value.get_array()) alerts.push_back(ReadAlert(alert.value()));
  return alerts;
}

}  // namespace

Result<std::vector<Alert>> ParseNotification(const std::string& json) {
  return Decode(json, [](JsonValue root) {
    std::optional<std::string> version;
    std::optional<std::uint64_t> truncated;
    std::optional<std::vector<Alert>> alerts;
    for (auto field : root.get_object()) {
      const std::string key(std::string_view(field.unescaped_key()));
      if (key == "version") Once(version, Text(field.value()));
      if (key == "truncatedAlerts") Once(truncated, std::uint64_t(field.value().get_uint64()));
      if (key == "alerts") Once(alerts, ReadAlerts(field.value()));
    }
    if (version != "4") throw BadShape{"no notification of version 4"};
    if (!alerts) throw BadShape{"a notification without alerts"};
    if (truncated.value_or(0) != 0) {
      throw BadShape{"alerts were left out: max_alerts: 0 of the receiver is right"};
    }
    return std::move(*alerts);
  });
}

}  // namespace stakewatch::restart_hook
