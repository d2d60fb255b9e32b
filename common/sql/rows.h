#pragma once
// The rows that a query gave, as text; a column is asked for by its name.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace stakewatch {

using SqlCells = std::vector<std::optional<std::string>>;

// One of them. Throws BadShape for a column that there is not, and for a value of another kind; a
// NULL is none. Borrows the rows.
class SqlRow {
 public:
  SqlRow(const std::vector<std::string>& columns, const SqlCells& cells)
      : columns_(columns), cells_(cells) {}

  std::optional<std::string_view> Text(std::string_view column) const;
  // None for NaN and the infinities too, which numeric and float8 may have.
  std::optional<double> Number(std::string_view column) const;
  std::optional<std::int64_t> Whole(std::string_view column) const;
  std::optional<bool> Flag(std::string_view column) const;  // Of a boolean.

 private:
  const std::vector<std::string>& columns_;
  const SqlCells& cells_;
};

struct SqlRows {
  std::vector<std::string> columns;
  std::vector<bool> numeric;    // Of each column: whether its type is one of numbers.
  std::vector<SqlCells> cells;  // Of each row as many as there are columns.

  std::size_t Count() const { return cells.size(); }
  SqlRow Row(std::size_t index) const { return {columns, cells[index]}; }
  // The only row; throws BadShape when there is another number of them.
  SqlRow One() const;
};

}  // namespace stakewatch
