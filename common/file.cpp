#include "common/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/net/net.h"
#include "common/text.h"

namespace stakewatch {
namespace {

std::int64_t Nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

Checked<FileText> ReadFile(const std::string& path, std::size_t bytes_max) {
  // Without O_NONBLOCK a named pipe would never open.
  const Socket file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.Open()) return std::unexpected("cannot be opened: " + SystemMessage(errno));
  struct stat found{};
  if (::fstat(file.Fd(), &found) != 0) return std::unexpected(SystemMessage(errno));
  if (!S_ISREG(found.st_mode)) return std::unexpected("is no regular file");
  FileText read{{}, found.st_mode};
  for (;;) {
    std::array<char, 16384> some{};
    const ssize_t n = ::read(file.Fd(), some.data(), some.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected("cannot be read: " + SystemMessage(errno));
    if (n == 0) return read;
    read.text.append(some.data(), static_cast<std::size_t>(n));
    if (read.text.size() > bytes_max) {
      return std::unexpected("is greater than " + std::to_string(bytes_max) + " bytes");
    }
  }
}

FileStamp StampOf(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino, found.st_size, Nanoseconds(found.st_mtim),
          Nanoseconds(found.st_ctim)};
}

}  // namespace stakewatch
