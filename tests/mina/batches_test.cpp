// Batches are counted once each, from the newest at the start on.
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/own_metrics.h"
#include "common/result.h"
#include "exporters/mina/batches.h"
#include "exporters/mina/metrics.h"
#include "tests/mina/rows.h"

namespace stakewatch::mina {
namespace {

using Cell = std::optional<std::string>;

struct Batch {
  int id;
  Cell processing_time = "3.5";
  Cell files_processed = "11";
};

class Counted {
 public:
  void See(const std::vector<Batch>& batches) {
    std::vector<SqlCells> cells;
    for (const Batch& batch : batches) {
      cells.push_back({std::to_string(batch.id), batch.processing_time, batch.files_processed});
    }
    counter_.Count(Rows({"id", "processing_time", "files_processed"}, std::move(cells)));
  }
  std::string Id() const { return counter_.CountedId(); }
  double Batches() { return own_.CounterOf(kBatches).Value(); }
  double Empty() { return own_.CounterOf(kBatchesEmpty).Value(); }
  prometheus::ClientMetric::Histogram Processing() {
    for (const auto& family : own_.Collect()) {
      if (family.name == kBatchProcessing.row.name) return family.metric.front().histogram;
    }
    return {};
  }

 private:
  OwnMetrics own_;
  BatchCounter counter_{own_};
};

TEST_CASE("what was there at the first look is not counted, what comes later is, once") {
  Counted counted;
  CHECK(counted.Id().empty());
  counted.See({{.id = 10}});
  CHECK(counted.Id() == "10");
  CHECK(counted.Batches() == 0);
  counted.See({{.id = 10}});
  CHECK(counted.Batches() == 0);
  counted.See({{.id = 10}, {.id = 11}});
  CHECK(counted.Batches() == 1);
  counted.See({{.id = 11}});
  CHECK(counted.Batches() == 1);
  CHECK(counted.Id() == "11");
}

TEST_CASE("several in one interval, and ids that were left out") {
  Counted counted;
  counted.See({{.id = 10}});
  counted.See({{.id = 10}, {.id = 11}, {.id = 14}, {.id = 15, .files_processed = "0"}});
  CHECK(counted.Batches() == 3);
  CHECK(counted.Empty() == 1);
  CHECK(counted.Id() == "15");
  CHECK(counted.Processing().sample_count == 3);
  CHECK(counted.Processing().sample_sum == 10.5);
}

TEST_CASE("of an empty table the first batch is counted, and the row that only starts is none") {
  Counted counted;
  counted.See({});
  CHECK(counted.Id() == "0");
  counted.See({{.id = 1, .processing_time = "0", .files_processed = "-1"}, {.id = 2}});
  CHECK(counted.Batches() == 1);
  CHECK(counted.Empty() == 0);
  CHECK(counted.Processing().sample_count == 1);
}

TEST_CASE("a database that was restored to before the last id goes on from its newest") {
  Counted counted;
  counted.See({{.id = 100}});
  counted.See({{.id = 60}});
  CHECK(counted.Batches() == 0);
  CHECK(counted.Id() == "60");
  counted.See({{.id = 60}, {.id = 61}});
  CHECK(counted.Batches() == 1);
}

TEST_CASE("a batch whose counted row was cleaned up, and one that says nothing of itself") {
  Counted counted;
  counted.See({{.id = 10}});
  counted.See({{.id = 12, .processing_time = std::nullopt, .files_processed = std::nullopt}});
  CHECK(counted.Batches() == 1);
  CHECK(counted.Empty() == 0);
  CHECK(counted.Processing().sample_count == 0);
}

TEST_CASE("an answer of another shape counts nothing") {
  Counted counted;
  counted.See({{.id = 10}});
  CHECK_THROWS_AS(counted.See({{.id = 11}, {.id = 12, .processing_time = "soon"}}), BadShape);
  CHECK(counted.Batches() == 0);
  CHECK(counted.Id() == "10");
}

}  // namespace
}  // namespace stakewatch::mina
