#include "exporters/beacon/own_validators.h"

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "common/text.h"
#include "exporters/beacon/duties.h"
#include "exporters/beacon/keymanager.h"
#include "exporters/beacon/schedule.h"
#include "exporters/beacon/validators.h"

namespace stakewatch::beacon {
namespace {

Checked<std::vector<std::string>> ParseFeeRecipients(const std::vector<std::string>& texts) {
  std::vector<std::string> addresses;
  for (const std::string& text : texts) {
    std::string address = text;
    std::ranges::transform(address, address.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    });
    const bool hex = address.size() == 42 && address.starts_with("0x") &&
                     address.find_first_not_of("0123456789abcdef", 2) == std::string::npos;
    if (!hex) {
      return std::unexpected("--validators.fee-recipients: \"" + CleanText(text, 60) +
                             "\" is no address: 0x and 40 hexadecimal digits are right");
    }
    addresses.push_back(std::move(address));
  }
  return addresses;
}

Checked<Source> KeymanagerSource(const ValidatorSettings& settings) {
  if (const auto checked = CheckOptions(settings.keymanager); !checked) {
    return std::unexpected("--keymanager.…: " + checked.error());
  }
  auto upstream = HttpUpstream(settings.keymanager_url, settings.keymanager);
  if (!upstream) return std::unexpected("--keymanager.url: " + upstream.error());
  return Source{"keymanager", std::move(*upstream),
                [](const Upstream& validator_client, const Deadline& deadline, Sheet& sheet) {
                  return ScrapeKeymanager(KeymanagerClient(validator_client), deadline, sheet);
                }};
}

// The sources of the file's validators, and the page about them.
void AddOwn(const OwnParts& parts, const RestartSettings& restart,
            const std::array<bool, kDuties>& avoid, ValidatorSources& into) {
  into.sources.push_back({"validators", parts.node,
                          [file = parts.file, limit = parts.per_key_limit](
                              const Upstream& node, const Deadline& deadline, Sheet& sheet) {
                            return ScrapeOwnValidators(Client(node), deadline, *file, limit, sheet);
                          }});
  const auto duties = std::make_shared<DutiesJob>(parts);
  into.sources.push_back(TellerSource("duties", duties));
  const auto schedule = std::make_shared<ScheduleJob>(parts);
  const auto window = std::make_shared<const RestartWindow>([schedule] { return schedule->Now(); },
                                                            restart.takes, avoid, parts.now);
  Source source = LocalSource("schedule", [schedule, window](const Deadline&, Sheet& sheet) {
    window->Tell(sheet);
    return schedule->Tell(sheet);
  });
  source.start = [schedule] { schedule->Start(); };
  into.sources.push_back(std::move(source));
  into.restart_window = window;
}

}  // namespace

void DeclareValidatorFlags(Flags& flags, ValidatorSettings& settings) {
  flags.Group("Own validators");
  flags.Add("validators-file", settings.file,
            "Your validators, one a line: public key or index, then a group if you like. Read "
            "again when it changes.");
  flags.Add("validators.per-key-limit", settings.per_key_limit,
            "Validators with series of their own, the file's first ones; at most 1000.");
  flags.Add("validators.fee-recipients", settings.fee_recipients,
            "Addresses that your blocks may pay; none: not looked at.");
  flags.Add("restart.takes", settings.restart.takes,
            "How long a restart of the validator client takes, for the restart window.");
  flags.Add("restart.avoid", settings.restart.avoid,
            "Duties that a restart must not miss: attestation, proposal, sync_committee.");
  flags.Group("Validator client");
  flags.Add("keymanager.url", settings.keymanager_url,
            "Its keymanager API, http(s)://host:port: how many keys it has loaded. Only read.");
  flags.AddUpstream("keymanager", settings.keymanager);
}

Checked<ValidatorSources> MakeValidatorSources(const ValidatorSettings& settings,
                                               std::shared_ptr<const Upstream> node,
                                               OwnMetrics* own, std::function<double()> now) {
  ValidatorSources made;
  const auto avoid = ParseAvoid(settings.restart.avoid);
  if (!avoid) return std::unexpected("--restart.avoid: " + avoid.error());
  auto recipients = ParseFeeRecipients(settings.fee_recipients);
  if (!recipients) return std::unexpected(recipients.error());
  if (settings.per_key_limit > kPerKeyMax) {
    return std::unexpected("--validators.per-key-limit: at most " + std::to_string(kPerKeyMax));
  }
  if (!settings.file.empty()) {
    auto file = OpenValidatorsFile(settings.file);
    if (!file) return std::unexpected("--validators-file: " + file.error());
    if ((*file)->Look().value->Size() == 0) {
      Log(LogLevel::kWarn, "no validator is watched: the validators file has no key yet",
          {{"file", settings.file}});
    }
    OwnParts parts;
    parts.node = std::move(node);
    parts.file = std::move(*file);
    parts.own = own;
    parts.per_key_limit = settings.per_key_limit;
    parts.fee_recipients = std::move(*recipients);
    parts.now = std::move(now);
    AddOwn(parts, settings.restart, *avoid, made);
  }
  if (!settings.keymanager_url.empty()) {
    auto keymanager = KeymanagerSource(settings);
    if (!keymanager) return std::unexpected(keymanager.error());
    made.sources.push_back(std::move(*keymanager));
  }
  return made;
}

}  // namespace stakewatch::beacon
