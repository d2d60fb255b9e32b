#pragma once
// Which era of the schema the validator's database is in, by its migrations: a query belongs to one
// era, and a migration under a running exporter is followed.
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/metrics.h"
#include "common/sql/rows.h"

namespace stakewatch::computehorde {

enum class Era { kUnknown, k202411, k202601 };

// What django_migrations says of the app validator.
struct Migrations {
  std::optional<std::int64_t> number;  // The highest; none without any.
  std::string newest;                  // Its name.
  bool weight_setting_events = false;  // Whether the table of finished weight settings is there.
};

// The schemas that the queries were written for.
inline constexpr std::int64_t kSeedMigration = 43;
inline constexpr std::int64_t kHeadMigration = 94;

// Up to the seed's migration it is 2024's schema, from the head's on 2026's, the newest known. In
// between tables came and went one by one: the one that says when weights were set decides, and of
// the era's queries those fail, each for itself, whose tables are not there yet or any more.
Era EraOf(const Migrations& migrations);
// As the label `state` says it.
std::string_view StateOf(const Migrations& migrations);

// The era that was found last. Thread-safe.
class Schema {
 public:
  Era Now() const { return era_; }
  // Of the query `schema`.
  void Read(const SqlRows& rows, Sheet& sheet);

 private:
  std::atomic<Era> era_ = Era::kUnknown;
};

}  // namespace stakewatch::computehorde
