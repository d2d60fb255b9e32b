#pragma once
// The operator's own validators: --validators-file, a public key or an index in each line.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/file.h"
#include "common/result.h"
#include "exporters/beacon/client.h"

namespace stakewatch::beacon {

inline constexpr std::size_t kOwnKeysMax = 200'000;
inline constexpr std::size_t kGroupsMax = 64;  // Each has about 50 series.
// Ids in one states/head/validators: 0.1 MB to the node, 0.5 MB back.
inline constexpr std::size_t kValidatorsPerRequest = 1'000;

// The file as it was read: keys by their position in it, from 0. Moved, never copied, since it is
// looked up by texts that it holds.
class Roster {
 public:
  Roster() = default;
  Roster(Roster&&) = default;
  Roster& operator=(Roster&&) = default;
  Roster(const Roster&) = delete;
  Roster& operator=(const Roster&) = delete;

  std::size_t Size() const { return groups_of_.size(); }
  // "0x" and 96 hexadecimal digits in lower case, or a decimal index.
  const std::string& Id(std::size_t position) const {
    return questions_[position / kValidatorsPerRequest].ids[position % kValidatorsPerRequest];
  }
  std::uint32_t GroupOf(std::size_t position) const { return groups_of_[position]; }
  // In the order in which the file first names them.
  const std::vector<std::string>& Groups() const { return groups_; }
  std::optional<std::size_t> Find(std::string_view id) const;
  // What asks for the state of all of them.
  const std::vector<Question>& Questions() const { return questions_; }

  // False when there is such an id already.
  bool Add(std::string id, std::string_view group);

 private:
  std::vector<Question> questions_;
  std::vector<std::uint32_t> groups_of_;
  std::vector<std::string> groups_;
  std::unordered_map<std::string_view, std::uint32_t> by_id_;
};

// A line is: <public key, with or without 0x, or index> [group]. A group is a word of letters,
// digits and _ . : / -, at most 64 bytes; "default" where there is none. Empty lines and what
// follows a # are passed over; a byte order mark and CRLF are, too. An error names the line; so is
// a key that stands twice, and more than the limits above. A file may have no key (yet).
Checked<Roster> ParseValidatorsFile(std::string_view text);

// The file, read again when it has changed; at most 64 MiB. That is logged, by LookAt below. Once
// there were keys, a file without one is an error: one that is cut off while it is written would
// end the watch over all of them.
using ValidatorsFile = WatchedFile<Roster>;
Checked<std::unique_ptr<ValidatorsFile>> OpenValidatorsFile(const std::string& path);
ValidatorsFile::State LookAt(ValidatorsFile& file);

}  // namespace stakewatch::beacon
