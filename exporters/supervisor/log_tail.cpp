#include "exporters/supervisor/log_tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "common/text.h"
#include "exporters/supervisor/closed_path.h"

namespace stakewatch::supervisor {
namespace {

constexpr std::size_t kReadBytes = 64U << 10;

}  // namespace

LogTail::LogTail(std::string path, LogTailLimits limits)
    : path_(std::move(path)), limits_(limits) {}

void LogTail::Restart() {
  at_ = 0;
  skip_ = false;
  part_.clear();
}

Checked<void> LogTail::Open() {
  if (const auto checked = CheckNotClosed(path_); !checked) return checked;
  // Without O_NONBLOCK a named pipe would never open.
  Socket file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.Open()) {
    if (errno == ENOENT) from_beginning_ = true;
    return std::unexpected(path_ + " cannot be opened: " + SystemMessage(errno));
  }
  struct stat found{};
  if (::fstat(file.Fd(), &found) != 0) return std::unexpected(SystemMessage(errno));
  if (!S_ISREG(found.st_mode)) return std::unexpected(path_ + " is no regular file");
  file_ = std::move(file);
  device_ = found.st_dev;
  inode_ = found.st_ino;
  Restart();
  if (!std::exchange(from_beginning_, true) && found.st_size > 0) {
    at_ = found.st_size;
    char last = 0;
    skip_ = ::pread(file_.Fd(), &last, 1, at_ - 1) != 1 || last != '\n';
  }
  return {};
}

void LogTail::Take(std::string_view text, const std::function<void(std::string_view)>& on_line) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (!skip_) {
      part_.append(text.substr(0, std::min(end, limits_.line_bytes_max - part_.size())));
    }
    if (end == text.size()) return;
    if (!std::exchange(skip_, false)) on_line(part_);
    part_.clear();
    text.remove_prefix(end + 1);
  }
}

Checked<LogTail::Step> LogTail::Read(std::size_t bytes_max,
                                     const std::function<void(std::string_view)>& on_line) {
  std::array<char, kReadBytes> some;
  const ssize_t n = ::pread(file_.Fd(), some.data(), std::min(some.size(), bytes_max), at_);
  if (n < 0 && errno == EINTR) return Step::kRead;
  if (n < 0) return std::unexpected(path_ + " cannot be read: " + SystemMessage(errno));
  if (n > 0) {
    at_ += n;
    Take({some.data(), static_cast<std::size_t>(n)}, on_line);
    return Step::kRead;
  }
  struct stat open{};
  if (::fstat(file_.Fd(), &open) != 0) return std::unexpected(SystemMessage(errno));
  if (open.st_size < at_) {
    ++truncations_;
    Restart();
    return Step::kRead;
  }
  struct stat named{};
  // Renamed, and no new one yet: the daemon may still write to it.
  if (::stat(path_.c_str(), &named) != 0) return Step::kEnd;
  return named.st_dev == device_ && named.st_ino == inode_ ? Step::kEnd : Step::kNextFile;
}

Checked<void> LogTail::Look(const Deadline& deadline,
                            const std::function<void(std::string_view)>& on_line) {
  if (!file_.Open()) {
    if (const auto opened = Open(); !opened) return opened;
  }
  const std::int64_t limit = static_cast<std::int64_t>(limits_.look_bytes_max);
  std::int64_t read = 0;
  while (read < limit && !deadline.Over()) {
    const std::int64_t before = at_;
    const auto step = Read(static_cast<std::size_t>(limit - read), on_line);
    if (!step) return std::unexpected(step.error());
    read += std::max<std::int64_t>(0, at_ - before);
    if (*step == Step::kEnd) break;
    if (*step == Step::kNextFile) {
      ++rotations_;
      if (const auto opened = Open(); !opened) {
        file_ = Socket();
        return opened;
      }
    }
  }
  struct stat open{};
  const bool known = ::fstat(file_.Fd(), &open) == 0 && open.st_size > at_;
  unread_ = known ? static_cast<std::uint64_t>(open.st_size - at_) : 0;
  return {};
}

}  // namespace stakewatch::supervisor
