#include "exporters/supervisor/interchange.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <memory>
#include <optional>

#include "common/net/net.h"
#include "common/text.h"
#include "exporters/supervisor/closed_path.h"
#include "exporters/supervisor/metrics_host.h"

namespace stakewatch::supervisor {
namespace {

constexpr std::size_t kReadBytes = 256U << 10;

// At the end of its scope.
struct Released {
  std::binary_semaphore& taken;
  ~Released() { taken.release(); }
};

void TellRange(const Metric<2>& metric, const std::optional<Range>& range, const std::string& file,
               Sheet& sheet) {
  if (!range) return;
  sheet.Set(metric, static_cast<double>(range->lowest), file, "lowest");
  sheet.Set(metric, static_cast<double>(range->highest), file, "highest");
}

}  // namespace

Result<Interchange> ReadInterchange(const std::string& path, const Deadline& deadline) {
  const auto bad = [&](const std::string& what) { return Fail(Reason::kBadAnswer, path + what); };
  if (const auto checked = CheckNotClosed(path); !checked) {
    return Fail(Reason::kUnreachable, checked.error());
  }
  // Without O_NONBLOCK a named pipe would never open.
  const Socket file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.Open()) {
    return Fail(Reason::kUnreachable, path + " cannot be opened: " + SystemMessage(errno));
  }
  struct stat found{};
  if (::fstat(file.Fd(), &found) != 0 || !S_ISREG(found.st_mode)) {
    return bad(" is no regular file");
  }
  const auto buffer = std::make_unique<char[]>(kReadBytes);
  InterchangeReader reader;
  for (;;) {
    if (deadline.Over()) return Fail(Reason::kTimeout, path + ": too long for one scrape");
    const ssize_t n = ::read(file.Fd(), buffer.get(), kReadBytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return Fail(Reason::kUnreachable, path + " cannot be read: " + SystemMessage(errno));
    }
    if (n == 0) break;
    const auto taken = reader.Take({buffer.get(), static_cast<std::size_t>(n)});
    if (!taken) return bad(": " + taken.error());
  }
  auto read = reader.Finish();
  if (!read) return bad(": " + read.error());
  return *read;
}

Result<void> Interchanges::Scrape(const Deadline& deadline, Sheet& sheet) {
  if (!free_.try_acquire_for(deadline.Left())) {
    return Fail(Reason::kTimeout, "another scrape still reads the files");
  }
  const Released released{free_};
  std::optional<Error> error;
  for (const std::string& path : paths_) {
    const FileStamp stamp = StampOf(path);
    auto known = known_.find(path);
    // What took too long is tried again: the machine may have been busy.
    if (known == known_.end() || known->second.stamp != stamp ||
        (!known->second.read && known->second.read.error().reason != Reason::kBadAnswer)) {
      known = known_.insert_or_assign(path, Known{stamp, ReadInterchange(path, deadline)}).first;
    }
    const Result<Interchange>& read = known->second.read;
    if (!read) {
      if (!error) error = read.error();
      continue;
    }
    sheet.Set(kInterchangeTime, std::floor(static_cast<double>(stamp.modified_ns) / 1e9), path);
    sheet.Set(kInterchangeKeys, static_cast<double>(read->keys), path);
    TellRange(kInterchangeSlot, read->slots, path, sheet);
    TellRange(kInterchangeSourceEpoch, read->source_epochs, path, sheet);
    TellRange(kInterchangeTargetEpoch, read->target_epochs, path, sheet);
  }
  if (error) return std::unexpected(*error);
  return {};
}

}  // namespace stakewatch::supervisor
