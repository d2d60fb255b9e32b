// Whatever a node, a validator client or an operator's file says about validators: an answer or an
// error, never a crash, never a series twice.
#include <cstdint>
#include <memory>
#include <string>

#include "common/page.h"
#include "exporters/beacon/attestations.h"
#include "exporters/beacon/duty_answers.h"
#include "exporters/beacon/keymanager.h"
#include "exporters/beacon/metrics.h"
#include "exporters/beacon/restart_window.h"
#include "exporters/beacon/rewards.h"
#include "exporters/beacon/sync_committee.h"
#include "exporters/beacon/validators.h"
#include "exporters/beacon/validators_file.h"
#include "tests/fuzz/always.h"

namespace {

namespace beacon = stakewatch::beacon;

template <class T>
void Explained(const T& result) {
  if (!result && result.error().what.empty()) __builtin_trap();
}

// Own validators 0 to 3 by index and two by key.
std::shared_ptr<const beacon::Roster> Own() {
  auto roster = beacon::ParseValidatorsFile("0 a\n1 b\n2\n3\n0x" + std::string(96, 'a') + "\n0x" +
                                            std::string(95, 'a') + "b b\n");
  if (!roster) __builtin_trap();
  return std::make_shared<const beacon::Roster>(std::move(*roster));
}

void Files(const std::string& text) {
  const auto roster = beacon::ParseValidatorsFile(text);
  if (!roster && roster.error().empty()) __builtin_trap();
  if (!roster) return;
  for (std::size_t i = 0; i < roster->Size(); ++i) {
    if (roster->Find(roster->Id(i)) != i) __builtin_trap();
    if (roster->GroupOf(i) >= roster->Groups().size()) __builtin_trap();
  }
}

void Validators(const std::string& answer) {
  const Always node(answer);
  const auto own = beacon::AskOwnValidators(beacon::Client(node),
                                            stakewatch::Deadline(std::chrono::seconds(1)), Own());
  Explained(own);
  if (!own) return;
  stakewatch::Sheet sheet(beacon::kMetrics);
  beacon::TellOwnValidators(*own, 4, sheet);
  stakewatch::WritePage(std::move(sheet).TakeFamilies());
}

void Rewards(const std::string& answer) {
  beacon::OwnIndices due(2);
  due[1].index = 1;
  due[1].state.effective_balance = 32'000'000'000;
  const auto rewards = beacon::ParseAttestationRewards(answer);
  Explained(rewards);
  if (rewards) {
    beacon::AttestationAccount account;
    Explained(account.Judge(7, due, 1, *rewards, 5));
    Explained(account.Judge(8, due, 1, *rewards, 5));
  }
  const auto sync = beacon::ParseSyncCommitteeRewards(answer);
  Explained(sync);
  if (!sync) return;
  beacon::SyncParticipation participation;
  participation.groups.resize(1);
  participation.Add(*sync, due);
  if (participation.network.made > participation.network.due) __builtin_trap();
}

void Page(const std::string& text) {
  const beacon::RestartWindow window([] { return nullptr; }, stakewatch::milliseconds(1),
                                     {true, true, true}, [] { return 0.0; });
  stakewatch::WebRequest request;
  request.query.emplace("takes", text);
  const stakewatch::WebAnswer answer = window.Answer(request);
  if (answer.status != 400 && answer.status != 503) __builtin_trap();
  if (!stakewatch::Decode(answer.body, [](stakewatch::JsonValue) { return true; })) {
    __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Files(text);
  Validators(text);
  Rewards(text);
  Page(text);
  Explained(beacon::ParseSlotDuties(text));
  Explained(beacon::ParseSyncDuties(text));
  Explained(beacon::ParseLiveness(text));
  Explained(beacon::ParseHeader(text));
  Explained(beacon::ParseFeeRecipient(text));
  Explained(beacon::ParseKeyCount(text));
  Explained(beacon::ParseValidatorClientVersion(text));
  return 0;
}
