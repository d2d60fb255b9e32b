#include "exporters/computehorde/schema.h"

#include <array>

#include "exporters/computehorde/metrics.h"

namespace stakewatch::computehorde {
namespace {

constexpr std::array<std::string_view, 5> kStates = {"known", "older", "between", "newer", "none"};

std::string_view NameOf(Era era) {
  return era == Era::k202601 ? "2026-01" : "2024-11";
}

}  // namespace

Era EraOf(const Migrations& migrations) {
  if (!migrations.number) return Era::kUnknown;
  if (*migrations.number >= kHeadMigration) return Era::k202601;
  if (*migrations.number <= kSeedMigration) return Era::k202411;
  return migrations.weight_setting_events ? Era::k202601 : Era::k202411;
}

std::string_view StateOf(const Migrations& migrations) {
  if (!migrations.number) return "none";
  if (*migrations.number > kHeadMigration) return "newer";
  if (*migrations.number < kSeedMigration) return "older";
  const bool known = *migrations.number == kHeadMigration || *migrations.number == kSeedMigration;
  return known ? "known" : "between";
}

void Schema::Read(const SqlRows& rows, Sheet& sheet) {
  const SqlRow row = rows.One();
  const Migrations found{
      .number = row.Whole("number"),
      .newest = std::string(row.Text("newest").value_or("")),
      .weight_setting_events = row.Flag("weight_setting_events").value_or(false)};
  era_ = EraOf(found);
  if (era_ != Era::kUnknown) sheet.Set(kSchemaInfo, 1, NameOf(era_), found.newest);
  for (const std::string_view state : kStates) {
    sheet.Set(kSchemaState, StateOf(found) == state, state);
  }
}

}  // namespace stakewatch::computehorde
