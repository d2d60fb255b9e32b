// The threads that serve connections, and the stamps of files.
#include "common/web/pool.h"

#include <fcntl.h>

#include <atomic>

#include "common/file.h"
#include "common/web/bucket.h"
#include "tests/web/certs.h"

namespace stakewatch::testing {
namespace {

Socket AnyDescriptor() {
  return Socket(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

TEST_CASE("web pool: threads are made on demand and end when idle") {
  std::atomic<int> made = 0;
  std::atomic<int> inside = 0;
  std::atomic<bool> blocked = true;
  WebPool pool(
      3,
      [&]() -> WebPool::Serve {
        ++made;
        return [&](const Socket& /*socket*/) {
          ++inside;
          Eventually([&] { return !blocked; });
          --inside;
        };
      },
      50ms);
  CHECK(pool.Threads() == 0);
  for (int i = 1; i <= 3; ++i) {
    REQUIRE(pool.WaitForRoom(10s));
    pool.Run(AnyDescriptor());
    CHECK(pool.Threads() == static_cast<std::size_t>(i));
  }
  CHECK(Eventually([&] { return inside == 3; }));
  CHECK(!pool.WaitForRoom(20ms));
  CHECK(!pool.WaitUntilIdle(20ms));
  blocked = false;
  CHECK(pool.WaitForRoom(10s));
  CHECK(pool.WaitUntilIdle(10s));
  CHECK(Eventually([&] { return pool.Threads() == 0; }));
  pool.Run(AnyDescriptor());
  CHECK(pool.WaitUntilIdle(10s));
  CHECK(made == 4);
}

TEST_CASE("web pool: an idle thread is used again") {
  std::atomic<int> made = 0;
  WebPool pool(
      8,
      [&]() -> WebPool::Serve {
        ++made;
        return [](const Socket& /*socket*/) {};
      },
      60s);
  for (int i = 0; i < 50; ++i) {
    pool.Run(AnyDescriptor());
    CHECK(pool.WaitUntilIdle(10s));
  }
  CHECK(made <= 2);
}

TEST_CASE("web pool: Close ends a wait for room, and what comes after is dropped") {
  WebPool pool(1, []() -> WebPool::Serve { return [](const Socket& /*socket*/) {}; }, 60s);
  pool.Close();
  CHECK(pool.Closed());
  CHECK(!pool.WaitForRoom(10s));
  pool.Run(AnyDescriptor());
  CHECK(pool.Threads() == 0);
}

TEST_CASE("file stamp: every kind of change is one") {
  const TestFolder folder;
  const std::string path = folder.Path("a");
  const FileStamp none = StampOf(path);
  CHECK(none == FileStamp{});
  folder.Write("a", "one");
  const FileStamp first = StampOf(path);
  CHECK(first != none);
  CHECK(StampOf(path) == first);
  folder.Write("a", "two");  // The same size, another file.
  const FileStamp second = StampOf(path);
  CHECK(second != first);
  // The clock of the file system ticks every few milliseconds.
  CHECK(Eventually([&] {
    ::chmod(path.c_str(), 0640);
    return StampOf(path) != second;
  }));
}

TEST_CASE("token bucket: a burst, then one for each interval") {
  TokenBucket bucket(20ms, 3);
  CHECK(bucket.Full());
  TokenBucket slow(std::chrono::hours(1), 3);
  for (int i = 0; i < 3; ++i) CHECK(slow.Take());
  CHECK(!slow.Take());
  slow.GiveBack();
  CHECK(slow.Take());
  CHECK(!slow.Take());
  for (int i = 0; i < 3; ++i) bucket.Take();
  CHECK(Eventually([&] { return bucket.Take(); }));
  CHECK(Eventually([&] { return bucket.Full(); }));
}

}  // namespace
}  // namespace stakewatch::testing
