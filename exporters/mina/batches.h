#pragma once
// Batches since the exporter started, each counted once: by the id of the one that was counted
// last.
#include <cstdint>
#include <optional>
#include <string>

#include "common/own_metrics.h"
#include "common/sql/rows.h"

namespace stakewatch::mina {

// Of one thread. What was there at the first look is not counted; of a table that was empty then
// the first batch is. A rolled-back batch leaves an id out, which is of no matter. When a restored
// database ends before the last id, counting goes on from its own newest.
class BatchCounter {
 public:
  explicit BatchCounter(OwnMetrics& own);

  // What the query new_batches is asked with; empty before the first look.
  std::string CountedId() const;
  // The rows of that query: the batch counted last, if it is still there, and those after it.
  // Throws BadShape, and has then counted nothing.
  void Count(const SqlRows& rows);

 private:
  prometheus::Histogram& processing_;
  prometheus::Counter& batches_;
  prometheus::Counter& empty_;
  std::optional<std::int64_t> counted_id_;
};

}  // namespace stakewatch::mina
