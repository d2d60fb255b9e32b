#include "actions/restart_hook/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <span>
#include <string_view>
#include <utility>

#include "common/file.h"
#include "common/number.h"
#include "common/text.h"

namespace stakewatch::restart_hook {
namespace {

constexpr std::size_t kFileBytesMax = 4U << 20;
constexpr std::string_view kFirstLine = "restart_hook 1";
constexpr std::string_view kLastLine = "end";
constexpr auto kPhaseWords = std::to_array<std::string_view>({"asked", "stopping", "unfinished"});

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// Whole seconds in milliseconds, so that no digit is lost.
std::string Milliseconds(double seconds) {
  return std::to_string(static_cast<std::int64_t>(seconds * 1e3));
}

template <class Integer>
bool ReadNumber(std::string_view text, Integer& number) {
  const auto read = WholeNumber<Integer>(text);
  number = read.value_or(-1);
  return number >= 0;
}

bool ReadLine(std::span<const std::string_view> words, Kept& kept) {
  std::int64_t at_ms = 0;
  if (words.size() == 4 && words[0] == "restart") {
    if (!ReadNumber(words[1], at_ms)) return false;
    kept.restarts.push_back(
        {std::string(words[2]), std::string(words[3]), static_cast<double>(at_ms) / 1e3});
    return true;
  }
  if (words.size() != 8 || words[0] != "intent") return false;
  Intent intent;
  const auto phase = std::ranges::find(kPhaseWords, words[2]);
  if (phase == kPhaseWords.end() || !ReadNumber(words[3], at_ms) ||
      !ReadNumber(words[4], intent.start)) {
    return false;
  }
  intent.phase = static_cast<Intent::Phase>(phase - kPhaseWords.begin());
  intent.at = static_cast<double>(at_ms) / 1e3;
  intent.target = words[5];
  intent.url = words[6];
  intent.program = words[7];
  return kept.intents.emplace(words[1], std::move(intent)).second;
}

std::unexpected<std::string> Failed(const std::string& path, const std::string& what) {
  return std::unexpected(path + ": " + what + ": " + SystemMessage(errno));
}

Checked<void> WriteAll(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Failed(path, "cannot be written");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(fd) != 0) return Failed(path, "cannot be written to the disk");
  return {};
}

}  // namespace

std::string WriteKept(const Kept& kept) {
  std::string text(kFirstLine);
  for (const Kept::Restart& restart : kept.restarts) {
    text += "\nrestart\t" + Milliseconds(restart.at) + "\t" + restart.group + "\t" + restart.target;
  }
  for (const auto& [group, intent] : kept.intents) {
    text += "\nintent\t" + group + "\t" +
            std::string(kPhaseWords[static_cast<std::size_t>(intent.phase)]) + "\t" +
            Milliseconds(intent.at) + "\t" + std::to_string(intent.start) + "\t" + intent.target +
            "\t" + intent.url + "\t" + intent.program;
  }
  return text + "\n" + std::string(kLastLine) + "\n";
}

Checked<Kept> ParseKept(const std::string& text) {
  Kept kept;
  const std::vector<std::string_view> lines = Split(text, '\n');
  // The last newline ends an empty line.
  if (lines.size() < 3 || lines.front() != kFirstLine || lines[lines.size() - 2] != kLastLine ||
      !lines.back().empty()) {
    return std::unexpected("it is no whole state of restart_hook");
  }
  for (std::size_t i = 1; i + 2 < lines.size(); ++i) {
    if (!ReadLine(Split(lines[i], '\t'), kept)) {
      return std::unexpected("line " + std::to_string(i + 1) + " cannot be understood");
    }
  }
  return kept;
}

Checked<void> CheckStateFolder(const std::string& folder) {
  struct stat found{};
  if (::stat(folder.c_str(), &found) != 0) return Failed(folder, "cannot be used");
  if (!S_ISDIR(found.st_mode)) return std::unexpected(folder + ": is no folder");
  // Who writes here says what is started.
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return std::unexpected(folder + ": others may write to it; chmod go-w is right");
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return Failed(folder, "cannot be written to");
  return {};
}

Checked<std::unique_ptr<Journal>> Journal::Open(const std::string& folder) {
  if (const auto checked = CheckStateFolder(folder); !checked) {
    return std::unexpected(checked.error());
  }
  const std::string lock_path = folder + "/lock";
  Socket lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.Open()) return Failed(lock_path, "cannot be opened");
  if (::flock(lock.Fd(), LOCK_EX | LOCK_NB) != 0) {
    return Failed(lock_path, "another restart_hook has this folder");
  }
  std::unique_ptr<Journal> journal(new Journal(folder, std::move(lock)));
  const std::string path = folder + "/state";
  if (::access(path.c_str(), F_OK) == 0) {
    const auto file = ReadFile(path, kFileBytesMax);
    auto kept = file ? ParseKept(file->text) : std::unexpected(file.error());
    if (!kept) {
      return std::unexpected(path + ": " + kept.error() +
                             "; look at what runs and is stopped, then remove the file");
    }
    journal->kept_ = std::move(*kept);
  }
  // Before the first restart is the time to learn that the disk takes nothing.
  if (const auto saved = journal->Save(journal->kept_); !saved) {
    return std::unexpected(saved.error());
  }
  return journal;
}

Checked<void> Journal::Save(const Kept& kept) const {
  const std::string path = folder_ + "/state";
  const std::string fresh = path + ".new";
  const Socket file(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.Open()) return Failed(fresh, "cannot be opened");
  if (const auto written = WriteAll(file.Fd(), WriteKept(kept), fresh); !written) return written;
  if (::rename(fresh.c_str(), path.c_str()) != 0) return Failed(path, "cannot be replaced");
  const Socket folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.Open() || ::fsync(folder.Fd()) != 0) {
    return Failed(folder_, "cannot be written to the disk");
  }
  return {};
}

}  // namespace stakewatch::restart_hook
