#pragma once
// Small files that the operator wrote: read in bounded time and memory, and again when they change.
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "common/result.h"

namespace stakewatch {

struct FileText {
  std::string text;
  mode_t mode = 0;
};

// The whole of a regular file of at most `bytes_max` bytes; nothing waits for a pipe. An error says
// what is wrong, without the path.
Checked<FileText> ReadFile(const std::string& path, std::size_t bytes_max);

// Whether a file is still the one that was read. All zero when there is no such file. The time of
// the last status change is in it too: a chmod or a file moved into place with an old mtime is a
// change.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  bool operator==(const FileStamp&) const = default;
};

FileStamp StampOf(const std::string& path);

// What a file says, parsed again when it has changed; when that fails, the last good one is kept.
// Thread-safe.
template <class T>
class WatchedFile {
 public:
  using Parse = std::function<Checked<T>(const std::string& text)>;

  // Reads it for the first time. An error names the path.
  static Checked<std::unique_ptr<WatchedFile>> Open(std::string path, std::size_t bytes_max,
                                                    Parse parse) {
    std::unique_ptr<WatchedFile> file(
        new WatchedFile(std::move(path), bytes_max, std::move(parse)));
    file->Look();
    if (const auto& error = file->error_) return std::unexpected(*error);
    return file;
  }

  struct State {
    std::shared_ptr<const T> value;    // Never null.
    std::optional<std::string> error;  // Why the changed file is not in use, with its path.
    bool changed = false;              // By this look: the value or the error is a new one.
    std::int64_t modified = 0;         // Unix seconds of the file that `value` was read from.
  };
  // Looks whether the file has changed: one stat.
  State Look() {
    const std::lock_guard lock(mutex_);
    const FileStamp stamp = StampOf(path_);
    if (stamp == stamp_) return {value_, error_, false, modified_};
    stamp_ = stamp;
    const auto file = ReadFile(path_, bytes_max_);
    auto parsed = file ? parse_(file->text) : Checked<T>(std::unexpected(file.error()));
    if (parsed) {
      value_ = std::make_shared<const T>(std::move(*parsed));
      modified_ = stamp.modified_ns / 1'000'000'000;
      error_.reset();
    } else {
      error_ = path_ + ": " + parsed.error();
    }
    return {value_, error_, true, modified_};
  }

 private:
  WatchedFile(std::string path, std::size_t bytes_max, Parse parse)
      : path_(std::move(path)), bytes_max_(bytes_max), parse_(std::move(parse)) {}

  const std::string path_;
  const std::size_t bytes_max_;
  const Parse parse_;
  std::mutex mutex_;
  std::optional<FileStamp> stamp_;  // None before the first look.
  std::shared_ptr<const T> value_;
  std::optional<std::string> error_;
  std::int64_t modified_ = 0;
};

}  // namespace stakewatch
