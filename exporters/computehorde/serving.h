#pragma once
// Whether the validator is to serve, of the row that django-constance keeps: the base64 of a
// pickle.
#include <optional>
#include <string_view>

#include "common/metrics.h"
#include "common/sql/rows.h"

namespace stakewatch::computehorde {

// The pickles of True and False. None for anything else: a pickle is a program, and what it would
// make of itself is not guessed.
std::optional<bool> ServingOf(std::string_view value);

// Of the query `serving`; without a row it is `by_default`.
void ReadServing(const SqlRows& rows, bool by_default, Sheet& sheet);

}  // namespace stakewatch::computehorde
