#pragma once
// Whether the validator client can be restarted now: when the next duty of any own validator
// begins, and whether a restart is over before it. As metrics, and as GET /restart-window for
// scripts. What is not known for certain does not fit.
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/deadline.h"
#include "common/metrics.h"
#include "common/result.h"
#include "common/web/web.h"
#include "exporters/beacon/schedule.h"

namespace stakewatch::beacon {

inline constexpr std::array<std::string_view, 3> kDutyWords = {"attestation", "proposal",
                                                               "sync_committee"};
inline constexpr std::size_t kDuties = kDutyWords.size();

struct RestartSettings {
  milliseconds takes{120'000};
  std::vector<std::string> avoid = {"proposal", "sync_committee"};
};

// Of kDutyWords: what a restart must not miss. An unknown word or none at all is an error.
Checked<std::array<bool, kDuties>> ParseAvoid(const std::vector<std::string>& words);

// Times in Unix seconds. A duty begins with its slot and lasts as long, so one that is being done
// has begun already; members of the sync committee have one in each slot.
struct Outlook {
  struct Duty {
    std::string unknown;           // Why nothing is known of it; empty: it is known.
    std::optional<double> begins;  // None: there is none before `known_until`.
    double known_until = 0;
  };
  std::string unknown;  // Why nothing at all is known.
  std::array<Duty, kDuties> duties;
};
// `schedule` may be null. Duties of another epoch than the clock's are not known, nor those of a
// node that was not synced when it was last asked.
Outlook LookAhead(const Schedule* schedule, double now);

// Until when nothing that is to be avoided is due.
struct Window {
  std::string unknown;  // Why that is not known.
  double until = 0;     // The next duty, or the end of what is known.
  bool duty = false;    // The former.
};
Window WindowOf(const Outlook& outlook, const std::array<bool, kDuties>& avoid);

class RestartWindow {
 public:
  using Look = std::function<std::shared_ptr<const Schedule>()>;
  RestartWindow(Look schedule, milliseconds takes, std::array<bool, kDuties> avoid,
                std::function<double()> now);

  void Tell(Sheet& sheet) const;
  // 200 if a restart that begins now is over in time, 503 if not or if that is not known: JSON
  // that says which. ?takes=90s asks about another duration; 400 if that is none.
  WebAnswer Answer(const WebRequest& request) const;

 private:
  Look schedule_;
  milliseconds takes_;
  std::array<bool, kDuties> avoid_;
  std::function<double()> now_;
};

}  // namespace stakewatch::beacon
