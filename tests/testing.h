#pragma once
// A case is a folder: the answers of one upstream in one situation, and the page we make of them.
//   tests/<exporter>/cases/<client version>-<situation>/{<request name>.json…, expected.prom}
// STAKEWATCH_UPDATE_GOLDEN=1 rewrites expected.prom; `git diff` shows what changed for operators.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/upstream/upstream.h"

namespace stakewatch::testing {

struct Case {
  std::string name;
  std::string folder;
  std::shared_ptr<Upstream> upstream;
  // Without what no two scrapes share: lines of stakewatch_source_duration_seconds. Prints the
  // first difference.
  bool Matches(const std::string& page) const;
};

// In the order of their names; at least one, or the test that asks ends.
std::vector<Case> Cases(std::string_view exporter);

// The folder tests/ of the checkout that was built.
std::string TestsFolder();
std::string ReadFile(const std::string& path);

// A folder of its own in the system's temporary one, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  // Writes the file, mode 0600, and gives its path.
  std::string Write(const std::string& name, std::string_view content) const;
  const std::string& Path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace stakewatch::testing
