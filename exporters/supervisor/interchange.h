#pragma once
// The source interchange: slashing-protection files that the operator exports (EIP-3076), by path.
#include <chrono>
#include <map>
#include <semaphore>
#include <string>
#include <vector>

#include "common/deadline.h"
#include "common/file.h"
#include "common/metrics.h"
#include "common/result.h"
#include "exporters/supervisor/interchange_reader.h"

namespace stakewatch::supervisor {

// Reads the file as a stream, in pieces; nothing of it is kept. An error names the path.
Result<Interchange> ReadInterchange(const std::string& path, const Deadline& deadline);

// Reads each file again when it has changed. Thread-safe.
class Interchanges {
 public:
  explicit Interchanges(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  // Tells of each that can be read; the first that cannot is the error.
  Result<void> Scrape(const Deadline& deadline, Sheet& sheet);

 private:
  struct Known {
    FileStamp stamp;
    Result<Interchange> read;
  };

  const std::vector<std::string> paths_;
  std::binary_semaphore free_{1};  // One scrape at a time reads.
  std::map<std::string, Known> known_;
};

}  // namespace stakewatch::supervisor
