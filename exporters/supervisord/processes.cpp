#include "exporters/supervisord/processes.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "exporters/supervisord/metrics.h"

namespace stakewatch::supervisord {
namespace {

std::string_view NameOf(std::span<const StateRow> states, std::int64_t code,
                        std::string_view otherwise) {
  const auto known = std::ranges::find(states, code, &StateRow::code);
  return known == states.end() ? otherwise : known->name;
}

Process ReadProcess(XmlRpcValue info) {
  Process process;
  process.group = info.Member("group").String();
  process.name = info.Member("name").String();
  process.state = NameOf(kProcessStates, info.Member("state").Int(), "UNKNOWN");
  process.start = info.Member("start").Int();
  process.stop = info.Member("stop").Int();
  process.now = info.Member("now").Int();
  process.exit_status = info.Member("exitstatus").Int();
  process.spawn_error = info.Member("spawnerr").String();
  return process;
}

std::optional<double> TimeOf(std::int64_t seconds) {
  if (seconds <= 0) return std::nullopt;
  return static_cast<double>(seconds);
}

void TellProcess(const Process& process, Sheet& sheet) {
  const std::string& group = process.group;
  const std::string& name = process.name;
  for (const StateRow& state : kProcessStates) {
    sheet.Set(kProcessState, state.name == process.state ? 1 : 0, group, name, state.name);
  }
  sheet.Set(kProcessUp, process.state == "RUNNING" ? 1 : 0, group, name);
  sheet.Set(kProcessStartTime, TimeOf(process.start), group, name);
  sheet.Set(kProcessStopTime, TimeOf(process.stop), group, name);
  if (process.state == "EXITED") {
    sheet.Set(kProcessExitStatus, static_cast<double>(process.exit_status), group, name);
  }
  if (!process.spawn_error.empty()) {
    sheet.Set(kProcessSpawnErrorInfo, 1, group, name, process.spawn_error);
  }
}

}  // namespace

Result<std::string> ParseText(const std::string& answer) {
  return DecodeXmlRpc(answer, [](XmlRpcValue value) { return std::string(value.String()); });
}

Result<std::int64_t> ParseState(const std::string& answer) {
  return DecodeXmlRpc(answer, [](XmlRpcValue value) { return value.Member("statecode").Int(); });
}

Result<std::vector<Process>> ParseProcesses(const std::string& answer) {
  return DecodeXmlRpc(answer, [](XmlRpcValue value) {
    std::vector<Process> processes;
    std::set<std::pair<std::string, std::string>> names;
    value.ForEach([&](XmlRpcValue info) {
      Process process = ReadProcess(info);
      // As they will stand in the labels: there each is one process.
      if (!names.emplace(CleanLabelValue(process.group), CleanLabelValue(process.name)).second) {
        throw BadShape{"two processes of one name: " + CleanLabelValue(process.name)};
      }
      processes.push_back(std::move(process));
    });
    return processes;
  });
}

Result<void> ScrapeVersion(const Client& client, const Deadline& deadline, Sheet& sheet) {
  const auto version = client.Ask(Call::kGetSupervisorVersion, deadline, ParseText);
  if (!version) return std::unexpected(version.error());
  const auto api = client.Ask(Call::kGetApiVersion, deadline, ParseText);
  if (!api) return std::unexpected(api.error());
  const auto identifier = client.Ask(Call::kGetIdentification, deadline, ParseText);
  if (!identifier) return std::unexpected(identifier.error());
  sheet.Set(kInfo, 1, *version, *api, *identifier);
  return {};
}

Result<void> ScrapeState(const Client& client, const Deadline& deadline, Sheet& sheet) {
  const auto code = client.Ask(Call::kGetState, deadline, ParseState);
  std::string_view name;
  if (code) {
    name = NameOf(kStates, *code, "");
    if (name.empty()) {
      return Fail(Reason::kBadAnswer, "getState: no state of the code " + std::to_string(*code));
    }
  } else if (code.error().reason == Reason::kRpcError && code.error().code == kFaultShutdownState) {
    name = "SHUTDOWN";
  } else {
    return std::unexpected(code.error());
  }
  for (const StateRow& state : kStates) {
    sheet.Set(kState, state.name == name ? 1 : 0, state.name);
  }
  return {};
}

Result<void> ScrapeProcesses(const Client& client, const Deadline& deadline, double now,
                             Sheet& sheet) {
  const auto processes = client.Ask(Call::kGetAllProcessInfo, deadline, ParseProcesses);
  if (!processes) return std::unexpected(processes.error());
  std::map<std::string_view, double> counts;
  for (const Process& process : *processes) {
    ++counts[process.state];
    TellProcess(process, sheet);
  }
  for (const StateRow& state : kProcessStates) {
    sheet.Set(kProcesses, counts[state.name], state.name);
  }
  if (!processes->empty()) {
    sheet.Set(kClockOffset, static_cast<double>(processes->front().now) - now);
  }
  return {};
}

}  // namespace stakewatch::supervisord
