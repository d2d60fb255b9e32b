#include "common/sql/settings.h"

#include "common/file.h"

namespace stakewatch {
namespace {

constexpr std::size_t kFileBytesMax = 256U << 10;

}  // namespace

void DeclareSqlFlags(Flags& flags, std::string_view prefix, SqlSettings& settings) {
  const std::string flag(prefix);
  flags.Add(flag + ".dsn", settings.database.dsn,
            "Connection string or URI of libpq, without a password. To another machine sslmode is "
            "verify-full unless it says otherwise.");
  flags.Add(flag + ".password-file", settings.database.password_file,
            "File with the password of the role.");
  flags.Add("sql.extra", settings.extra_file, "File of queries of your own: see docs/sql.md.");
  flags.Add("sql.disable", settings.disabled, "Query that is not asked, by name. Repeatable.");
}

Checked<std::vector<SqlQuery>> ExtraQueries(const std::string& path) {
  if (path.empty()) return std::vector<SqlQuery>();
  const auto file = ReadFile(path, kFileBytesMax);
  if (!file) return std::unexpected("--sql.extra: " + path + ": " + file.error());
  auto queries = ParseQueryFile(file->text);
  if (!queries) return std::unexpected("--sql.extra: " + path + ": " + queries.error());
  for (const SqlQuery& query : *queries) {
    if (!query.with.empty()) {
      return std::unexpected("--sql.extra: " + query.name + ": with= is for our own queries");
    }
  }
  return queries;
}

}  // namespace stakewatch
