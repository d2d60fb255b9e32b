#include "actions/restart_hook/config.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/duration.h"
#include "common/file.h"
#include "common/net/net.h"
#include "common/number.h"
#include "common/upstream/upstream.h"
#include "common/web/yaml.h"

namespace stakewatch::restart_hook {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kFileBytesMax = 1U << 20;
constexpr std::size_t kTargetsMax = 200;  // Each is some series.

constexpr auto kRootKeys =
    std::to_array<std::string_view>({"dry_run", "repeated_within", "groups"});
constexpr auto kGroupKeys =
    std::to_array<std::string_view>({"alerts", "doubtful", "labels", "settle", "pause", "cool_down",
                                     "start_within", "restarts_per_hour", "targets"});
constexpr auto kTargetKeys = std::to_array<std::string_view>(
    {"labels", "supervisord", "username", "password_file", "program", "signs", "allow_signing"});

// Of names that stand in the state file, and of programs, which stand in XML.
bool Plain(std::string_view text) {
  return !text.empty() && text.size() <= 100 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

void CheckName(const YamlSection& section, std::string_view name) {
  if (!Plain(name)) section.Wrong(name, "is no name: letters, digits, _, - and . are right");
}

milliseconds Duration(const YamlSection& section, std::string_view key, milliseconds otherwise,
                      milliseconds least, milliseconds most) {
  const auto text = section.Text(key);
  if (!text) return otherwise;
  const auto parsed = ParseDuration(*text);
  if (!parsed) section.Wrong(key, "is " + parsed.error());
  if (*parsed < least || *parsed > most) {
    section.Wrong(key, "is not from " + WriteDuration(least) + " to " + WriteDuration(most));
  }
  return *parsed;
}

std::size_t Number(const YamlSection& section, std::string_view key, std::size_t otherwise,
                   std::size_t most) {
  const auto text = section.Text(key);
  if (!text) return otherwise;
  const std::size_t number = WholeNumber<std::size_t>(*text).value_or(0);
  if (number == 0 || number > most) {
    section.Wrong(key, "is no number from 1 to " + std::to_string(most));
  }
  return number;
}

std::set<std::string> AlertNames(const YamlSection& section, std::string_view key) {
  std::set<std::string> names;
  for (std::string& name : section.Texts(key)) names.insert(std::move(name));
  if (names.empty() || names.contains("")) section.Wrong(key, "names no alert");
  return names;
}

Labels LabelsOf(const YamlSection& section) {
  const YamlSection given(section.Find("labels"), section.NameOf("labels"), {});
  Labels labels;
  for (const std::string& key : given.Keys()) labels.emplace(key, given.Text(key).value_or(""));
  return labels;
}

// "name" is "name:name", as for supervisorctl. Anything else that supervisord takes is a whole
// group of processes.
std::string ProgramOf(const YamlSection& section) {
  const std::string text = section.Text("program").value_or("");
  const std::size_t colon = text.find(':');
  const std::string group = text.substr(0, colon);
  const std::string name = colon == std::string::npos ? group : text.substr(colon + 1);
  if (!Plain(group) || !Plain(name)) {
    section.Wrong("program", "is no one program: name or group:name is right");
  }
  return group + ":" + name;
}

Target TargetOf(const YamlSection& targets, const std::string& name) {
  CheckName(targets, name);
  const YamlSection section(targets.Find(name), targets.NameOf(name), kTargetKeys);
  Target target;
  target.name = name;
  target.labels = LabelsOf(section);
  if (target.labels.empty()) section.Wrong("labels", "are missing: any alert would be about it");
  target.url = section.Text("supervisord").value_or("");
  const auto url = ParseUrlOrSocket(target.url);
  if (!url) section.Wrong("supervisord", "is " + url.error());
  if (url->scheme == "ws" || url->scheme == "wss" || std::ranges::any_of(target.url, [](char c) {
        return static_cast<unsigned char>(c) <= ' ';
      })) {
    section.Wrong("supervisord", "is neither unix:///path nor http(s)://host:port");
  }
  target.username = section.Text("username").value_or("");
  target.password_file = section.Text("password_file").value_or("");
  target.program = ProgramOf(section);
  target.signs = section.Bool("signs").value_or(true);
  target.allow_signing = section.Bool("allow_signing").value_or(false);
  if (target.allow_signing && !target.signs) {
    section.Wrong("allow_signing", "does nothing beside signs: false");
  }
  return target;
}

Group GroupOf(const YamlSection& groups, const std::string& name) {
  CheckName(groups, name);
  const YamlSection section(groups.Find(name), groups.NameOf(name), kGroupKeys);
  Group group;
  group.name = name;
  group.alerts = AlertNames(section, "alerts");
  group.doubtful = AlertNames(section, "doubtful");
  for (const std::string& alert : group.doubtful) {
    if (group.alerts.contains(alert)) section.Wrong("doubtful", "has one of alerts: " + alert);
  }
  group.labels = LabelsOf(section);
  group.settle = Duration(section, "settle", group.settle, milliseconds(0), hours(1));
  group.pause = Duration(section, "pause", group.pause, seconds(1), hours(24));
  group.cool_down = Duration(section, "cool_down", group.cool_down, seconds(1), hours(24));
  group.start_within =
      Duration(section, "start_within", group.start_within, seconds(1), minutes(10));
  group.restarts_per_hour = Number(section, "restarts_per_hour", group.restarts_per_hour, 60);
  const YamlSection targets(section.Find("targets"), section.NameOf("targets"), {});
  for (const std::string& target : targets.Keys())
    group.targets.push_back(TargetOf(targets, target));
  if (group.targets.empty()) section.Wrong("targets", "are missing");
  return group;
}

void CheckTargets(const YamlSection& section, const std::vector<Group>& groups) {
  std::set<std::string> names;
  std::set<std::pair<std::string, std::string>> programs;
  for (const Group& group : groups) {
    for (const Target& target : group.targets) {
      if (!names.insert(target.name).second) {
        section.Wrong("groups", "has two targets of the name " + target.name);
      }
      // Two groups would each restart it, and each count its own restarts.
      if (!programs.emplace(target.url, target.program).second) {
        section.Wrong("groups", "has two targets for " + target.program + " of " + target.url);
      }
    }
  }
  if (names.size() > kTargetsMax) {
    section.Wrong("groups", "has more than " + std::to_string(kTargetsMax) + " targets");
  }
}

Config ConfigOf(const YAML::Node& root) {
  const YamlSection section(root, "", kRootKeys);
  Config config;
  config.dry_run = section.Bool("dry_run").value_or(true);
  config.repeated_within =
      Duration(section, "repeated_within", config.repeated_within, seconds(1), hours(24));
  const YamlSection groups(section.Find("groups"), "groups", {});
  for (const std::string& name : groups.Keys()) config.groups.push_back(GroupOf(groups, name));
  if (config.groups.empty()) section.Wrong("groups", "are missing: there is nothing to restart");
  CheckTargets(section, config.groups);
  return config;
}

}  // namespace

Checked<Config> ParseConfig(std::string_view yaml) {
  return DecodeYaml(yaml, ConfigOf);
}

Checked<Config> ReadConfig(const std::string& path) {
  const auto wrong = [&](const std::string& why) { return std::unexpected(path + ": " + why); };
  const auto file = ReadFile(path, kFileBytesMax);
  if (!file) return wrong(file.error());
  auto config = ParseConfig(file->text);
  if (!config) return wrong(config.error());
  for (const Group& group : config->groups) {
    for (const Target& target : group.targets) {
      UpstreamOptions options;
      options.username = target.username;
      options.password_file = target.password_file;
      if (const auto checked = CheckOptions(options); !checked) {
        return wrong("groups." + group.name + ".targets." + target.name + ": " + checked.error());
      }
    }
  }
  return config;
}

}  // namespace stakewatch::restart_hook
