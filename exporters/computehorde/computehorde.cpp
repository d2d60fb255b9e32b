#include "exporters/computehorde/computehorde.h"

#include <memory>
#include <set>
#include <utility>

#include "exporters/computehorde/celery.h"
#include "exporters/computehorde/metrics.h"
#include "exporters/computehorde/queries.h"
#include "exporters/computehorde/schema.h"

namespace stakewatch::computehorde {
namespace {

constexpr std::size_t kQueuesMax = 32;

// Those that the validator's settings name. 2024's workers had three more.
std::vector<std::string> QueuesOf(Era era) {
  std::vector<std::string> queues = {"default", "weights", "metagraph", "organic_jobs"};
  if (era == Era::k202411) queues.insert(queues.end(), {"jobs", "llm", "receipts"});
  return queues;
}

Checked<void> CheckQueues(const std::vector<std::string>& queues) {
  std::set<std::string> labels;
  for (const std::string& queue : queues) {
    std::string why;
    if (queue.empty()) {
      why = "an empty name";
    } else if (!labels.insert(CleanLabelValue(queue)).second) {
      why = queue + " stands twice";
    } else if (labels.size() > kQueuesMax) {
      why = "at most " + std::to_string(kQueuesMax);
    }
    if (!why.empty()) return std::unexpected("--computehorde.queue: " + why);
  }
  return {};
}

Checked<Source> CelerySource(const Settings& settings, const std::shared_ptr<Schema>& schema,
                             OwnMetrics& own) {
  auto target = CheckRedis(settings.redis);
  if (!target) return std::unexpected("--computehorde.redis…: " + target.error());
  if (const auto checked = CheckQueues(settings.queues); !checked) {
    return std::unexpected(checked.error());
  }
  const auto celery =
      std::make_shared<Celery>(std::move(*target), [schema, queues = settings.queues] {
        return queues.empty() ? QueuesOf(schema->Now()) : queues;
      });
  auto& requests = own.CounterOf(kSourceRequests, "celery");
  // It leaves the time to say how Redis did not answer.
  return LocalSource("celery", [celery, &requests](const Deadline& deadline, Sheet& sheet) {
    requests.Increment();
    return celery->Scrape(deadline.Within(deadline.Left() * 9 / 10), sheet);
  });
}

}  // namespace

void DeclareFlags(Flags& flags, Settings& settings) {
  flags.Group("ComputeHorde");
  DeclareSqlFlags(flags, "computehorde", settings.sql);
  flags.Add("computehorde.serving-default", settings.serving_default,
            "Whether the validator serves while no row of its settings says so: not while it is "
            "being moved (MIGRATING).");
  flags.Add("computehorde.redis", settings.redis.url,
            "The Redis of its workers: unix:///path, redis://host[:port][/database] or rediss://…. "
            "Empty: not asked.");
  flags.Add("computehorde.redis-username", settings.redis.username,
            "User of its ACL; without one that of all connections.");
  flags.Add("computehorde.redis-password-file", settings.redis.password_file,
            "File with the password, mode 0600.");
  flags.Add("computehorde.redis-ca-file", settings.redis.ca_file,
            "CA certificates (PEM) of a rediss://; without it those of the system.");
  flags.Add("computehorde.queue", settings.queues,
            "Queue to tell of. Without it those of the validator's own settings.");
  DeclareBackupFlags(flags, settings.backup);
}

std::vector<std::string> SourceNames() {
  return {"database", "celery", "backup"};
}

Checked<std::vector<Source>> Sources(const Settings& settings, OwnMetrics& own) {
  const auto schema = std::make_shared<Schema>();
  auto parts = Queries(schema, settings.serving_default);
  if (!parts) return std::unexpected(parts.error());
  parts->own = &own;
  auto watch = SqlWatch::Make(settings.sql, std::move(*parts));
  if (!watch) return std::unexpected("--computehorde.dsn: " + watch.error());
  std::vector<Source> sources = {TellerSource("database", *watch)};
  if (!settings.redis.url.empty()) {
    auto celery = CelerySource(settings, schema, own);
    if (!celery) return std::unexpected(celery.error());
    sources.push_back(std::move(*celery));
  }
  auto backup = BackupSource(settings.backup, kBackupMetrics);
  if (!backup) return std::unexpected(backup.error());
  if (auto& source = *backup) sources.push_back(std::move(*source));
  return sources;
}

}  // namespace stakewatch::computehorde
