#include "exporters/beacon/participation.h"

#include <array>
#include <utility>

#include "exporters/beacon/metrics.h"

namespace stakewatch::beacon {

Result<Participation> ParseParticipation(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    Participation read;
    const std::array<std::pair<std::string_view, double*>, 7> members = {{
        {"current_epoch_active_gwei", &read.current_active},
        {"current_epoch_attesting_gwei", &read.current_attesting},
        {"current_epoch_target_attesting_gwei", &read.current_target},
        {"previous_epoch_active_gwei", &read.previous_active},
        {"previous_epoch_attesting_gwei", &read.previous_attesting},
        {"previous_epoch_target_attesting_gwei", &read.previous_target},
        {"previous_epoch_head_attesting_gwei", &read.previous_head},
    }};
    JsonObject told = root.get_object().find_field_unordered("participation").get_object();
    for (const auto& [name, value] : members) {
      *value = static_cast<double>(Decimal(told.find_field_unordered(name).value()));
    }
    return read;
  });
}

void TellParticipation(const Participation& told, Sheet& sheet) {
  const auto ratio = [&](double part, double whole, std::string_view epoch, std::string_view vote) {
    if (whole > 0) sheet.Set(kParticipation, part / whole, epoch, vote);
  };
  ratio(told.current_attesting, told.current_active, "current", "any");
  ratio(told.current_target, told.current_active, "current", "target");
  ratio(told.previous_attesting, told.previous_active, "previous", "any");
  ratio(told.previous_target, told.previous_active, "previous", "target");
  ratio(told.previous_head, told.previous_active, "previous", "head");
}

Result<void> ScrapeParticipation(const Client& client, const Deadline& deadline, Sheet& sheet) {
  const auto told = client.Ask(Call::kPrysmParticipation, deadline, ParseParticipation);
  if (told) {
    TellParticipation(*told, sheet);
  } else if (!HasStatus(told.error(), 404)) {
    return std::unexpected(told.error());
  }
  return {};
}

}  // namespace stakewatch::beacon
