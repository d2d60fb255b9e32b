#include "common/backup.h"

#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "common/file.h"
#include "common/number.h"

namespace stakewatch {
namespace {

constexpr std::size_t kListingBytesMax = 4 << 20;
constexpr std::size_t kListingsMax = 16;
constexpr std::string_view kLocal = "local";

struct Listing {
  std::string location;
  std::string path;
};

// The next word of `line`, which it takes off.
std::string_view NextWord(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

std::optional<double> TimeOf(std::string_view text) {
  double time = 0;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto [at, error] = std::from_chars(begin, end, time, std::chars_format::fixed);
  if (error != std::errc() || at != end || !std::isfinite(time) || time < 0) return std::nullopt;
  return time;
}

void Tell(const BackupMetrics& metrics, const std::string& location, const BackupFolder& found,
          Sheet& sheet) {
  sheet.Set(metrics.files, static_cast<double>(found.files - found.empty), location, "ok");
  sheet.Set(metrics.files, static_cast<double>(found.empty), location, "empty");
  if (!found.newest) return;
  sheet.Set(metrics.newest, found.newest->modified, location);
  sheet.Set(metrics.size, static_cast<double>(found.newest->bytes), location);
}

// That the job which writes it has run is told even when what it wrote is wrong.
Checked<void> TellListing(const BackupMetrics& metrics, const Listing& listing,
                          const BackupNames& names, Sheet& sheet) {
  const auto file = ReadFile(listing.path, kListingBytesMax);
  if (!file) return std::unexpected(listing.path + ": " + file.error());
  const FileStamp stamp = StampOf(listing.path);
  sheet.Set(metrics.listing, static_cast<double>(stamp.modified_ns) / 1e9, listing.location);
  const auto found = ParseBackupListing(file->text, names);
  if (!found) return std::unexpected(listing.path + ": " + found.error());
  Tell(metrics, listing.location, *found, sheet);
  return {};
}

Checked<std::vector<Listing>> ListingsOf(const std::vector<std::string>& texts) {
  constexpr std::string_view kFlag = "--backup.offsite-listing: ";
  std::vector<Listing> listings;
  std::set<std::string> locations = {std::string(kLocal)};
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const bool named = equals < text.find('/');
    const Listing listing{CleanLabelValue(named ? text.substr(0, equals) : "offsite"),
                          named ? text.substr(equals + 1) : text};
    if (listing.path.empty() || listing.location.empty()) {
      return std::unexpected(std::string(kFlag) + "[location=]path is right");
    }
    if (!locations.insert(listing.location).second) {
      return std::unexpected(std::string(kFlag) + "two of the location " + listing.location +
                             "; location=path tells them apart");
    }
    listings.push_back(listing);
  }
  if (listings.size() > kListingsMax) {
    return std::unexpected(std::string(kFlag) + "at most " + std::to_string(kListingsMax));
  }
  return listings;
}

}  // namespace

Result<void> ScrapeBackups(const std::vector<BackupPlace>& places, const BackupNames& names,
                           const TellBackups& tell) {
  std::optional<std::string> error;
  for (const auto& [location, path] : places) {
    const auto folder = ReadBackupFolder(path, names);
    if (folder) {
      tell(location, *folder);
    } else if (!error) {
      error = folder.error();
    }
  }
  if (error) return Fail(Reason::kUnreachable, *error);
  return {};
}

Checked<BackupFolder> ParseBackupListing(std::string_view text, const BackupNames& names) {
  BackupFolder found;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    const auto modified = TimeOf(NextWord(line));
    const auto bytes = WholeNumber<std::uint64_t>(NextWord(line));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (!modified || !bytes || line.empty()) {
      return std::unexpected("line " + std::to_string(number) +
                             " is not a Unix time, a size in bytes and a name");
    }
    const std::size_t slash = line.rfind('/');
    const std::string name(slash == std::string_view::npos ? line : line.substr(slash + 1));
    if (::fnmatch(names.pattern.c_str(), name.c_str(), FNM_PERIOD) != 0) continue;
    CountBackup({*modified, *bytes}, names, found);
  }
  return found;
}

void DeclareBackupFlags(Flags& flags, BackupSettings& settings) {
  flags.Group("Backups");
  flags.Add("backup.folder", settings.folder,
            "The folder of backups; nothing in it is opened. Empty: not looked at.");
  flags.Add("backup.names", settings.names, "Which files are backups, as the shell writes it.");
  flags.Add("backup.keep-last", settings.keep_last,
            "How many the rotation leaves there, told as a limit; 0: not told.");
  flags.Add("backup.offsite-listing", settings.listings,
            "[location=]path of a file that lists copies elsewhere, written by a cron job: a line "
            "for each with its Unix time, its size in bytes and its name.");
}

Checked<std::optional<Source>> BackupSource(const BackupSettings& settings,
                                            const BackupMetrics& metrics) {
  auto listings = ListingsOf(settings.listings);
  if (!listings) return std::unexpected(std::move(listings.error()));
  if (settings.folder.empty() && listings->empty()) return std::nullopt;
  std::vector<BackupPlace> places;
  if (!settings.folder.empty()) places.push_back({std::string(kLocal), settings.folder});
  const BackupNames names{.pattern = settings.names};
  return LocalSource("backup", [places, names, metrics, listings = std::move(*listings),
                                keep = settings.keep_last](const Deadline&, Sheet& sheet) {
    if (keep > 0) sheet.Set(metrics.keep, static_cast<double>(keep));
    auto fared =
        ScrapeBackups(places, names, [&](const std::string& location, const BackupFolder& found) {
          Tell(metrics, location, found, sheet);
        });
    for (const Listing& listing : listings) {
      const auto told = TellListing(metrics, listing, names, sheet);
      if (!told && fared) fared = Fail(Reason::kBadAnswer, told.error());
    }
    return fared;
  });
}

}  // namespace stakewatch
