#include "common/scrape/scrape.h"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "common/page.h"
#include "common/scrape/breaker.h"

namespace stakewatch {
namespace {

constexpr auto kValue = Gauge("try_value", "A value.", "of");
constexpr auto kMetrics = Table(kValue);

// Answers what `answer` gives, and counts.
class Scripted : public Upstream {
 public:
  explicit Scripted(std::function<Result<std::string>(const Deadline&)> answer)
      : answer_(std::move(answer)) {}
  Result<std::string> Ask(const Request&, const Deadline& deadline) const override {
    ++asked;
    return answer_(deadline);
  }
  mutable std::atomic<int> asked = 0;

 private:
  std::function<Result<std::string>(const Deadline&)> answer_;
};

Source Asking(std::string_view name, std::shared_ptr<const Upstream> upstream) {
  return {name, std::move(upstream),
          [name](const Upstream& from, const Deadline& deadline, Sheet& sheet) -> Result<void> {
            sheet.Set(kValue, 1, name);
            const auto answer = from.Ask({name, "", ""}, deadline);
            if (!answer) return std::unexpected(answer.error());
            return {};
          }};
}

TEST_CASE("scrape: a failed source hides no other, and tells nothing itself") {
  const auto good = std::make_shared<Scripted>([](const Deadline&) { return "ok"; });
  const auto bad = std::make_shared<Scripted>(
      [](const Deadline&) { return Fail(Reason::kHttpStatus, "HTTP 500"); });
  Crew crew(4);
  OwnMetrics own;
  Scraper scraper({Asking("good", good), Asking("bad", bad)}, kMetrics, crew, &own);
  const std::string page = WritePage(scraper.Scrape(Deadline(std::chrono::seconds(10))));
  CHECK(page.find("try_value{of=\"good\"} 1\n") != std::string::npos);
  CHECK(page.find("try_value{of=\"bad\"}") == std::string::npos);
  CHECK(page.find("stakewatch_source_up{source=\"bad\"} 0\n") != std::string::npos);
  const std::string counters = WritePage(own.Collect());
  CHECK(counters.find("failures_total{reason=\"http_status\",source=\"bad\"} 1\n") !=
        std::string::npos);
  CHECK(counters.find("failures_total{reason=\"timeout\",source=\"good\"} 0\n") !=
        std::string::npos);
  CHECK(counters.find("requests_total{source=\"good\"} 1\n") != std::string::npos);
  const auto states = scraper.States();
  CHECK(states[1].last_error == "HTTP 500");
  CHECK(states[0].up == true);
}

TEST_CASE("scrape: a feed that has failed still tells what it knows") {
  Crew crew(4);
  Source feed{"feed", nullptr, [](const Upstream&, const Deadline&, Sheet& sheet) -> Result<void> {
                sheet.Set(kValue, 0, "feed");
                return Fail(Reason::kUnreachable, "not connected");
              }};
  Scraper scraper({feed}, kMetrics, crew, nullptr);
  const std::string page = WritePage(scraper.Scrape(Deadline(std::chrono::seconds(10))));
  CHECK(page.find("try_value{of=\"feed\"} 0\n") != std::string::npos);
  CHECK(page.find("stakewatch_source_up{source=\"feed\"} 0\n") != std::string::npos);
}

TEST_CASE("scrape: is over by the deadline, whatever a source does") {
  std::mutex mutex;
  std::condition_variable changed;
  bool release = false;
  const auto stubborn = std::make_shared<Scripted>([&](const Deadline&) -> Result<std::string> {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return release; });
    return "late";
  });
  Crew crew(4);
  {
    Scraper scraper({Asking("stubborn", stubborn)}, kMetrics, crew, nullptr);
    const std::string page = WritePage(scraper.Scrape(Deadline(milliseconds(50))));
    CHECK(page.find("stakewatch_source_up{source=\"stubborn\"} 0\n") != std::string::npos);
    CHECK(page.find("try_value") == std::string::npos);
  }
  const std::lock_guard lock(mutex);
  release = true;  // The job outlives its scraper.
  changed.notify_all();
}

TEST_CASE("scrape: sources are asked at the same time") {
  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0;
  const auto together = std::make_shared<Scripted>([&](const Deadline& d) -> Result<std::string> {
    std::unique_lock lock(mutex);
    ++waiting;
    changed.notify_all();
    if (!changed.wait_until(lock, d.At(), [&] { return waiting == 3; })) {
      return Fail(Reason::kTimeout, "alone");
    }
    return "ok";
  });
  Crew crew(4);
  Scraper scraper({Asking("a", together), Asking("b", together), Asking("c", together)}, kMetrics,
                  crew, nullptr);
  const std::string page = WritePage(scraper.Scrape(Deadline(std::chrono::seconds(10))));
  CHECK(page.find("stakewatch_source_up{source=\"a\"} 1\n") != std::string::npos);
  CHECK(page.find("stakewatch_source_up{source=\"c\"} 1\n") != std::string::npos);
}

TEST_CASE("breaker: a hung node is asked by one request, and is up in the scrape it recovers") {
  std::atomic<bool> hung = true;
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  const auto node = std::make_shared<Scripted>([&](const Deadline& d) -> Result<std::string> {
    most = std::max(most.load(), ++now);
    while (hung && !d.Over()) std::this_thread::yield();
    --now;
    if (hung) return Fail(Reason::kTimeout, "hung");
    return "ok";
  });
  Crew crew(16);
  OwnMetrics own;
  std::vector<Source> sources;
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) sources.push_back(Asking(name, node));
  Scraper scraper(std::move(sources), kMetrics, crew, &own);
  scraper.Scrape(Deadline(milliseconds(400)));
  while (now != 0) std::this_thread::yield();
  const int first = node->asked;
  CHECK(first == 6);
  most = 0;
  std::string page = WritePage(scraper.Scrape(Deadline(milliseconds(400))));
  CHECK(page.find("stakewatch_source_breaker_open{source=\"f\"} 1\n") != std::string::npos);
  while (now != 0) std::this_thread::yield();
  CHECK(node->asked == first + 1);
  CHECK(most == 1);
  hung = false;
  page = WritePage(scraper.Scrape(Deadline(std::chrono::seconds(10))));
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    CHECK(page.find("stakewatch_source_up{source=\"" + std::string(name) + "\"} 1\n") !=
          std::string::npos);
  }
  CHECK(page.find("stakewatch_source_breaker_open{source=\"f\"} 0\n") != std::string::npos);
}

TEST_CASE("scrape: sources of a hung node hold one thread, and hold up no other source") {
  const auto hung = std::make_shared<Scripted>([](const Deadline& d) -> Result<std::string> {
    while (!d.Over()) std::this_thread::sleep_for(d.Left());
    return Fail(Reason::kTimeout, "hung");
  });
  std::atomic<int> begun = 0;  // Before the deadline.
  std::vector<Source> sources;
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    Source source = Asking(name, hung);
    source.scrape = [&begun, ask = source.scrape](const Upstream& from, const Deadline& deadline,
                                                  Sheet& sheet) {
      if (!deadline.Over()) ++begun;
      return ask(from, deadline, sheet);
    };
    sources.push_back(std::move(source));
  }
  sources.push_back({"feed", nullptr,
                     [](const Upstream&, const Deadline&, Sheet&) -> Result<void> { return {}; }});
  Crew crew(16);
  Scraper scraper(std::move(sources), kMetrics, crew, nullptr);
  scraper.Scrape(Deadline(milliseconds(400)));
  CHECK(begun == 6);
  begun = 0;
  const std::string page = WritePage(scraper.Scrape(Deadline(milliseconds(400))));
  CHECK(begun == 1);
  CHECK(page.find("stakewatch_source_up{source=\"f\"} 0\n") != std::string::npos);
  CHECK(page.find("stakewatch_source_up{source=\"feed\"} 1\n") != std::string::npos);
}

TEST_CASE("breaker: an answer that refuses does not open it") {
  Breaker breaker;
  for (int i = 0; i < 10; ++i) {
    const auto answer = breaker.Ask(Deadline(std::chrono::seconds(1)),
                                    [] { return Fail(Reason::kHttpStatus, "HTTP 503"); });
    CHECK_FALSE(answer.has_value());
  }
  CHECK_FALSE(breaker.Open());
}

TEST_CASE("crew: more jobs than threads are all done") {
  std::atomic<int> done = 0;
  {
    Crew crew(3);
    for (int i = 0; i < 100; ++i) crew.Run([&] { ++done; });
    while (done < 100) std::this_thread::yield();
  }
  CHECK(done == 100);
}

}  // namespace
}  // namespace stakewatch
