#pragma once
// What submissions are told as: by result, and by class of error.
#include "common/metrics.h"
#include "common/sql/rows.h"

namespace stakewatch::mina {

// Of the query submissions_last_batch; no counts when its window does not cover the batch.
void TellByResult(const SqlRows& rows, Sheet& sheet);
// Of the query validation_errors. The text of an error is the verifier's and may be anything, so
// only known ones become a label of their own.
void TellErrors(const SqlRows& rows, Sheet& sheet);

}  // namespace stakewatch::mina
