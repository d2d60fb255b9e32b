// Files of the operator: read whole or not at all, and again when they change.
#include "common/file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <charconv>

#include "tests/testing.h"

namespace stakewatch {
namespace {

using testing::TemporaryFolder;

Checked<int> ParseNumber(const std::string& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::unexpected("no number");
  return number;
}

TEST_CASE("a file is read whole or not at all") {
  const TemporaryFolder folder;
  const std::string text = std::string(100000, 'x') + '\0' + "end";
  const std::string path = folder.Write("file", text);
  const auto read = ReadFile(path, text.size());
  REQUIRE(read.has_value());
  CHECK(read->text == text);
  CHECK((read->mode & 0777) == 0600);
  CHECK(ReadFile(path, text.size() - 1).error() == "is greater than 100003 bytes");
  CHECK(ReadFile(folder.Write("empty", ""), 0)->text.empty());
  CHECK(ReadFile(folder.Path(), 10).error() == "is no regular file");
  CHECK(ReadFile(folder.Path() + "/none", 10).error() ==
        "cannot be opened: No such file or directory");
  const std::string pipe = folder.Path() + "/pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(ReadFile(pipe, 10).error() == "is no regular file");
}

TEST_CASE("a watched file must be good at first, and is taken again when it has changed") {
  const TemporaryFolder folder;
  const auto open = [&](const std::string& path) {
    return WatchedFile<int>::Open(path, 100, ParseNumber);
  };
  const std::string missing = folder.Path() + "/none";
  CHECK(open(missing).error() == missing + ": cannot be opened: No such file or directory");
  const std::string path = folder.Write("number", "words");
  CHECK(open(path).error() == path + ": no number");
  folder.Write("number", "1");
  const auto file = open(path);
  REQUIRE(file.has_value());
  auto state = (*file)->Look();
  CHECK(*state.value == 1);
  CHECK_FALSE(state.changed);
  CHECK(state.modified > 1'700'000'000);

  folder.Write("number", "22");
  state = (*file)->Look();
  CHECK(*state.value == 22);
  CHECK(state.changed);
  CHECK_FALSE((*file)->Look().changed);

  SUBCASE("a bad one leaves the last good one") {
    folder.Write("number", "words");
  }
  SUBCASE("and so does one that is gone") {
    REQUIRE(::unlink(path.c_str()) == 0);
  }
  state = (*file)->Look();
  CHECK(*state.value == 22);
  CHECK(state.changed);
  REQUIRE(state.error.has_value());
  CHECK(state.error->starts_with(path + ": "));
  CHECK_FALSE((*file)->Look().changed);
  folder.Write("number", "333");
  state = (*file)->Look();
  CHECK(*state.value == 333);
  CHECK_FALSE(state.error.has_value());
}

}  // namespace
}  // namespace stakewatch
