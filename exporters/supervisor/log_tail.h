#pragma once
// Follows a log file that others write, rename and truncate: from its end at the first look, a
// bounded piece at a time. Where it stands is known in memory only.
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/deadline.h"
#include "common/net/net.h"
#include "common/result.h"

namespace stakewatch::supervisor {

struct LogTailLimits {
  std::size_t look_bytes_max = 8U << 20;  // Of one Look.
  std::size_t line_bytes_max = 4096;      // What is beyond is dropped: its beginning is the line.
};

// Not thread-safe.
class LogTail {
 public:
  explicit LogTail(std::string path, LogTailLimits limits = {});

  // Gives each whole line that has been added since the last look, without its end, until there is
  // no more, the limit is reached or the deadline is over; the rest is for the next look.
  //
  // A file that was not there at the first look is read from its beginning when it comes. One that
  // was renamed is read to its end before the new one is begun. One that has become shorter is read
  // from its beginning: what was not read yet is lost.
  Checked<void> Look(const Deadline& deadline,
                     const std::function<void(std::string_view)>& on_line);

  std::uint64_t Unread() const { return unread_; }  // Bytes, after the last look.
  std::uint64_t Truncations() const { return truncations_; }
  std::uint64_t Rotations() const { return rotations_; }

 private:
  enum class Step { kRead, kEnd, kNextFile };

  Checked<void> Open();
  Checked<Step> Read(std::size_t bytes_max, const std::function<void(std::string_view)>& on_line);
  void Take(std::string_view text, const std::function<void(std::string_view)>& on_line);
  void Restart();

  const std::string path_;
  const LogTailLimits limits_;
  Socket file_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  std::int64_t at_ = 0;
  bool from_beginning_ = false;  // The next file that is opened is all new.
  bool skip_ = false;            // To the end of the line: its beginning was not read, or is told.
  std::string part_;             // Of a line that has not ended.
  std::uint64_t unread_ = 0;
  std::uint64_t truncations_ = 0;
  std::uint64_t rotations_ = 0;
};

}  // namespace stakewatch::supervisor
