#pragma once
// Rows as a query gives them.
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "common/sql/rows.h"

namespace stakewatch::mina {

inline SqlRows Rows(std::vector<std::string> columns, std::vector<SqlCells> cells) {
  const std::size_t count = columns.size();
  return {.columns = std::move(columns),
          .numeric = std::vector<bool>(count, true),
          .cells = std::move(cells)};
}

}  // namespace stakewatch::mina
