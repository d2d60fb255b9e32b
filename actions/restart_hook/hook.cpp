#include "actions/restart_hook/hook.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "actions/restart_hook/notification.h"
#include "common/unix_time.h"

namespace stakewatch::restart_hook {
namespace {

// How often it looks what is due. A notification does not hurry it, so that a storm of them is not
// one for supervisord.
constexpr std::chrono::seconds kLook(1);
constexpr milliseconds kAskAgain(200);  // Of a program that is stopping or starting.
constexpr double kDay = 86400;

bool IsDue(Why why) {
  return why == Why::kDue || why == Why::kDryRun;
}

}  // namespace

Hook::Hook(Config config, std::unique_ptr<Journal> journal, Supervisors supervisors,
           OwnMetrics& own)
    : config_(std::move(config)),
      journal_(std::move(journal)),
      supervisors_(std::move(supervisors)),
      kept_(journal_ ? journal_->Read() : Kept()),
      alerts_(config_, UnixNow()),
      audit_(config_, kept_, own) {}

Hook::~Hook() {
  worker_.request_stop();
  if (worker_.joinable()) worker_.join();
}

void Hook::Start() {
  worker_ = std::jthread([this](const std::stop_token& stop) { Work(stop); });
}

WebAnswer Hook::Take(const WebRequest& request) {
  const auto alerts = ParseNotification(request.body);
  const double now = UnixNow();
  const std::lock_guard lock(mutex_);
  if (!alerts) {
    alerts_.HearNoise(now);
    audit_.Unreadable(alerts.error().what);
    return {.status = 400, .body = "not understood: " + alerts.error().what + "\n"};
  }
  audit_.Noticed(now);
  const Alerts::Named named = alerts_.Hear(*alerts, now);
  for (const Group& group : config_.groups) {
    audit_.Doubtful(group.name, alerts_.Doubtful(group.name));
    for (const Target& target : group.targets) {
      if (!named.targets.contains(target.name)) continue;
      const Why why = named.ambiguous.contains(target.name)
                          ? Why::kAmbiguous
                          : Decide(config_, group, target, alerts_, kept_, now);
      if (IsDue(why)) {
        audit_.Forget(target.name);  // Decided by who looks at the program, which may object.
      } else {
        audit_.Decided(group, target, why, alerts_.FiringNames(target.name, now));
      }
    }
  }
  return {.body = "heard\n"};
}

void Hook::Work(const std::stop_token& stop) {
  FinishOld();
  while (!stop.stop_requested()) {
    SeeUnfinished();
    for (const Due& due : DueNow()) {
      if (stop.stop_requested() || TryRestart(due)) break;
    }
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, stop, kLook, [] { return false; });
  }
}

// What a hook before this one has begun.
void Hook::FinishOld() {
  const std::map<std::string, Intent> old = kept_.intents;
  for (const auto& [name, intent] : old) {
    if (config_.dry_run || intent.phase == Intent::Phase::kUnfinished) continue;
    const Target* target = Find(intent.target);
    const auto group = std::ranges::find(config_.groups, name, &Group::name);
    if (!StillAllowed(config_, name, intent) || target == nullptr ||
        group == config_.groups.end()) {
      Close(name, intent, {Outcome::kForbidden, ""});
      continue;
    }
    EndRestart(name, intent, group->start_within, *supervisors_(*target));
  }
}

void Hook::SeeUnfinished() {
  const std::map<std::string, Intent> old = kept_.intents;
  for (const auto& [name, intent] : old) {
    const Target* known = Find(intent.target);
    Target target = known != nullptr ? *known : Target();
    target.url = intent.url;
    target.program = intent.program;
    const auto process = supervisors_(target)->Look();
    if (!process || !Runs(*process)) continue;
    const std::lock_guard lock(mutex_);
    kept_.intents.erase(name);
    audit_.Over(name, intent);
    Save();
  }
}

// First what was restarted longest ago: one that a restart does not help leaves others their turn.
std::vector<Hook::Due> Hook::DueNow() {
  const double now = UnixNow();
  const std::lock_guard lock(mutex_);
  std::vector<Due> due;
  for (const Group& group : config_.groups) {
    for (const Target& target : group.targets) {
      if (alerts_.FiringSince(target.name, now) < 0) continue;
      const Why why = Decide(config_, group, target, alerts_, kept_, now);
      if (IsDue(why)) {
        due.push_back({&group, &target});
      } else {
        audit_.DecidedAnew(group, target, why, alerts_.FiringNames(target.name, now));
      }
    }
  }
  std::ranges::stable_sort(due, {},
                           [&](const Due& one) { return kept_.LastRestart(one.target->name); });
  return due;
}

bool Hook::TryRestart(const Due& due) {
  const auto supervisor = supervisors_(*due.target);
  const auto process = supervisor->Look();
  const auto objection =
      process ? Objection(*due.group, *due.target, *process, supervisor->HasChildren(*process))
              : Why::kUnreachable;
  if (!objection && !config_.dry_run) {
    if (!Begin(due, *process)) return false;
    Intent intent = kept_.intents.at(due.group->name);
    const auto stopped = supervisor->Stop();
    if (stopped) {
      Confirm(due.group->name, intent);
      EndRestart(due.group->name, intent, due.group->start_within, *supervisor);
    } else {
      const bool fault = stopped.error().reason == Reason::kRpcError;
      Close(due.group->name, intent,
            {fault ? Outcome::kStopRefused : Outcome::kStopUnconfirmed, stopped.error().what});
    }
    return true;
  }
  const double now = UnixNow();
  const std::lock_guard lock(mutex_);
  audit_.DecidedAnew(*due.group, *due.target, objection.value_or(Why::kDryRun),
                     alerts_.FiringNames(due.target->name, now),
                     process ? process->state_name : process.error().what);
  if (objection) return false;
  // So that it says next what it would do next, and not the same each second.
  kept_.restarts.push_back({due.group->name, due.target->name, now});
  return Save();
}

// Writes down what is about to happen, before it does.
bool Hook::Begin(const Due& due, const Process& process) {
  const Group& group = *due.group;
  const Target& target = *due.target;
  const std::lock_guard lock(mutex_);
  const double now = UnixNow();
  // While supervisord was asked, the alert may have ended, or a doubt have come.
  Why why = Decide(config_, group, target, alerts_, kept_, now);
  const Kept before = kept_;
  if (why == Why::kDue) {
    kept_.restarts.push_back({group.name, target.name, now});
    kept_.intents[group.name] = {Intent::Phase::kAsked, target.name, target.url,
                                 target.program,        now,         process.start};
    if (!Save()) {
      kept_ = before;
      why = Why::kStateNotKept;
    }
  }
  audit_.DecidedAnew(group, target, why, alerts_.FiringNames(target.name, now));
  if (why == Why::kDue) audit_.Begun(group, target, now);
  return why == Why::kDue;
}

void Hook::Confirm(const std::string& group, Intent& intent) {
  const std::lock_guard lock(mutex_);
  intent.phase = Intent::Phase::kStopping;
  kept_.intents[group] = intent;
  // If this cannot be written, the start follows all the same, unless we crash meanwhile.
  Save();
}

void Hook::EndRestart(const std::string& group, const Intent& intent, milliseconds start_within,
                      const Supervisor& supervisor) {
  Close(group, intent,
        Finish(intent, start_within, supervisor,
               {UnixNow, [] { std::this_thread::sleep_for(kAskAgain); }}));
}

void Hook::Close(const std::string& group, const Intent& intent, const Ended& ended) {
  const std::lock_guard lock(mutex_);
  for (Kept::Restart& restart : kept_.restarts) {
    // The pause after it is from its end on.
    if (restart.target == intent.target && restart.at == intent.at) restart.at = UnixNow();
  }
  if (EndedWell(ended.outcome)) {
    kept_.intents.erase(group);
  } else {
    kept_.intents[group].phase = Intent::Phase::kUnfinished;
  }
  audit_.Ended(group, intent, ended);
  Save();
}

bool Hook::Save() {
  const double now = UnixNow();
  std::erase_if(kept_.restarts, [&](const auto& restart) { return restart.at < now - kDay; });
  if (!journal_) return true;
  const auto saved = journal_->Save(kept_);
  if (!saved) audit_.NotKept(saved.error());
  return saved.has_value();
}

const Target* Hook::Find(const std::string& name) const {
  for (const Group& group : config_.groups) {
    const auto found = std::ranges::find(group.targets, name, &Target::name);
    if (found != group.targets.end()) return &*found;
  }
  return nullptr;
}

}  // namespace stakewatch::restart_hook
