#pragma once
// What has to survive a crash, in one small file that is always whole: written beside and renamed,
// with fsync before and after.
#include <memory>
#include <string>

#include "actions/restart_hook/decide.h"
#include "common/net/net.h"
#include "common/result.h"

namespace stakewatch::restart_hook {

// The only holder of a folder: it is locked until the object ends, or the process does.
class Journal {
 public:
  // Takes the lock and reads what is there; nothing is an empty state. What cannot be understood is
  // an error: who forgets restarts would do them again.
  static Checked<std::unique_ptr<Journal>> Open(const std::string& folder);

  const Kept& Read() const { return kept_; }
  // On the disk when it returns. If it fails, the file is as it was or as it should be.
  Checked<void> Save(const Kept& kept) const;

 private:
  Journal(std::string folder, Socket lock) : folder_(std::move(folder)), lock_(std::move(lock)) {}

  std::string folder_;
  Socket lock_;  // A descriptor that closes itself.
  Kept kept_;
};

// For --check-config: whether the folder can be used, without the lock.
Checked<void> CheckStateFolder(const std::string& folder);

// The text of the file.
std::string WriteKept(const Kept& kept);
Checked<Kept> ParseKept(const std::string& text);

}  // namespace stakewatch::restart_hook
