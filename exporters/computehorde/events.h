#pragma once
// Counts system events by their ids, each once, from the newest there was when it began.
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "common/metrics.h"
#include "common/sql/rows.h"

namespace stakewatch::computehorde {

// Of the one thread that asks.
class Events {
 public:
  // What the query `events` is given: it counts the ids above After() up to Until(). A span without
  // ids until the newest one is known.
  std::string After() const { return std::to_string(after_); }
  std::string Until() const { return std::to_string(until_); }
  // What it found. The span that was counted is behind us then; the next one ends at what is the
  // newest id now. Should that be lower than before (the table was emptied, or the database is one
  // that was restored), counting begins there anew.
  void Read(const SqlRows& rows, Sheet& sheet);

 private:
  struct Count {
    std::uint64_t told = 0;
    std::uint64_t waits = 0;
  };

  std::int64_t after_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t until_ = -1;
  // By type and subtype. Prometheus sees no increase in a series that begins with its first event,
  // so a new pair is told as 0 once.
  std::map<std::pair<std::string, std::string>, Count> counts_;
};

}  // namespace stakewatch::computehorde
