#include "exporters/mina/batches.h"

#include <cstddef>
#include <vector>

#include "exporters/mina/metrics.h"

namespace stakewatch::mina {
namespace {

struct Batch {
  std::int64_t id = 0;
  std::optional<double> processing_seconds;
  std::optional<std::int64_t> submissions;  // -1: the row that only says where the first begins.
};

std::vector<Batch> BatchesOf(const SqlRows& rows) {
  std::vector<Batch> batches;
  for (std::size_t i = 0; i < rows.Count(); ++i) {
    const SqlRow row = rows.Row(i);
    const auto id = row.Whole("id");
    if (!id) continue;
    batches.push_back({*id, row.Number("processing_time"), row.Whole("files_processed")});
  }
  return batches;
}

}  // namespace

BatchCounter::BatchCounter(OwnMetrics& own)
    // From the recorded 3 s to more than an interval.
    : processing_(own.HistogramOf(kBatchProcessing,
                                  {1, 2, 5, 10, 30, 60, 120, 180, 300, 600, 900, 1200, 2400})),
      batches_(own.CounterOf(kBatches)),
      empty_(own.CounterOf(kBatchesEmpty)) {}

std::string BatchCounter::CountedId() const {
  return counted_id_ ? std::to_string(*counted_id_) : "";
}

void BatchCounter::Count(const SqlRows& rows) {
  const std::vector<Batch> batches = BatchesOf(rows);
  for (const Batch& batch : batches) {
    if (!counted_id_ || batch.id <= *counted_id_ || batch.submissions == -1) continue;
    batches_.Increment();
    if (batch.submissions == 0) empty_.Increment();
    if (batch.processing_seconds) processing_.Observe(*batch.processing_seconds);
  }
  counted_id_ = batches.empty() ? 0 : batches.back().id;
}

}  // namespace stakewatch::mina
