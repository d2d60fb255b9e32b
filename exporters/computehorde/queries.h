#pragma once
// What is asked of the validator's database, and as which metrics its answers are told.
#include <memory>
#include <vector>

#include "common/result.h"
#include "common/sql/watch.h"
#include "exporters/computehorde/schema.h"

namespace stakewatch::computehorde {

// The shipped files, and a job for each query in them. `schema` says which era's are asked.
Checked<SqlWatchParts> Queries(const std::shared_ptr<Schema>& schema, bool serving_default);

}  // namespace stakewatch::computehorde
