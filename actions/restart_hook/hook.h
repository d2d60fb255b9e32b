#pragma once
// The program between its web server and supervisord: hears notifications, and has one thread that
// restarts, one target at a time.
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "actions/restart_hook/alerts.h"
#include "actions/restart_hook/audit.h"
#include "actions/restart_hook/config.h"
#include "actions/restart_hook/decide.h"
#include "actions/restart_hook/journal.h"
#include "actions/restart_hook/restart.h"
#include "actions/restart_hook/supervisor.h"
#include "common/own_metrics.h"
#include "common/web/web.h"

namespace stakewatch::restart_hook {

class Hook {
 public:
  // `journal` may be null in a dry run, and only then.
  Hook(Config config, std::unique_ptr<Journal> journal, Supervisors supervisors, OwnMetrics& own);
  // Ends a restart that has begun, which takes up to start_within.
  ~Hook();
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;

  void Start();
  // A notification of Alertmanager. Answers at once: the restart, if there is to be one, comes
  // after, and no retry of the notification makes two of it.
  WebAnswer Take(const WebRequest& request);

 private:
  struct Due {
    const Group* group = nullptr;
    const Target* target = nullptr;
  };

  void Work(const std::stop_token& stop);
  void FinishOld();
  void SeeUnfinished();
  std::vector<Due> DueNow();
  // Whether one was begun: then what else was due has to be decided anew.
  bool TryRestart(const Due& due);
  bool Begin(const Due& due, const Process& process);
  void Confirm(const std::string& group, Intent& intent);
  void EndRestart(const std::string& group, const Intent& intent, milliseconds start_within,
                  const Supervisor& supervisor);
  void Close(const std::string& group, const Intent& intent, const Ended& ended);
  bool Save();  // Under mutex_.
  const Target* Find(const std::string& name) const;

  const Config config_;
  const std::unique_ptr<Journal> journal_;
  const Supervisors supervisors_;

  std::mutex mutex_;  // Of all below; not held while supervisord is asked.
  Kept kept_;
  Alerts alerts_;
  Audit audit_;
  std::condition_variable_any stopped_;
  std::jthread worker_;  // Writes kept_, alone.
};

}  // namespace stakewatch::restart_hook
