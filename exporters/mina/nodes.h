#pragma once
// Scores of producers, those with the highest first and no more than a limit.
#include "common/metrics.h"
#include "common/sql/rows.h"

namespace stakewatch::mina {

// Of the query nodes, whose LIMIT is that limit. Of two rows with one key the first is told.
void TellScores(const SqlRows& rows, Sheet& sheet);

}  // namespace stakewatch::mina
