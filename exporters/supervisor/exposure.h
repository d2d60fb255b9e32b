#pragma once
// The source exposure: what would let others at the keys. It lists, it stats and it reads tables of
// the kernel; it opens nothing of the daemon's.
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/metrics.h"
#include "common/result.h"

namespace stakewatch::supervisor {

struct ExposurePlaces {
  std::string data_dir;  // Empty: not the validator host; then only the ports are looked at.
  std::string socket;    // Of the RPC; empty: that of the data folder.
  std::set<std::uint16_t> ports;  // That must listen on loopback alone.
  std::string shared_memory = "/dev/shm";
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
};

// Of the text of /proc/net/tcp or tcp6: how many sockets listen on which port at an address that is
// not loopback's. Lines of another form are left out.
std::map<std::uint16_t, std::uint64_t> ParseWideListeners(std::string_view table);

// Of the text of /proc/swaps, in bytes.
Checked<std::uint64_t> ParseSwaps(std::string_view table);

// Whether all devices below the block device are dm-crypt's; none where sysfs does not know it.
std::optional<bool> Encrypted(const std::string& sysfs, unsigned major, unsigned minor);

// Tells all that can be found out; the first that cannot is the error.
Result<void> ScrapeExposure(const ExposurePlaces& places, Sheet& sheet);

}  // namespace stakewatch::supervisor
