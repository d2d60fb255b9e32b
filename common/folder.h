#pragma once
// A folder that is listed, by opendir(3).
#include <dirent.h>

#include <memory>

namespace stakewatch {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;  // Null when it cannot be opened; errno says why.

}  // namespace stakewatch
