#include "common/flags.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <list>

#include <CLI/CLI.hpp>

#include "common/duration.h"
#include "common/number.h"

namespace stakewatch {
namespace {

struct Entry {
  std::string group;
  std::string left;   // "--scrape.timeout=10s"
  std::string right;  // Its help.
};

std::string EnvironmentName(std::string_view flag) {
  std::string name = "STAKEWATCH_";
  for (const char c : flag) {
    name += c == '.' || c == '-' ? '_' : static_cast<char>(std::toupper(c));
  }
  return name;
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j - 1] + 1, diagonal + 1, substituted});
    }
  }
  return row[b.size()];
}

// `text` in lines of at most `width` bytes, the later ones indented.
std::string Wrap(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    if (column != 0 && column + 1 + space > width) {
      (out += '\n').append(indent, ' ');
      column = 0;
    }
    if (column != 0) {
      out += ' ';
      ++column;
    }
    out += text.substr(0, space);
    column += space;
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return out;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) (text += text.empty() ? "" : ", ") += word;
  return text;
}

}  // namespace

struct Flags::Impl {
  CLI::App app;
  CLI::App* into = nullptr;  // The app itself, or the command that is being declared.
  std::string group = "Flags";
  std::list<Entry> entries;
  std::list<Entry> commands;
  std::vector<std::string> names;  // With dashes, for the one that was meant.
  std::list<std::pair<CLI::App*, std::function<int()>>> runs;
  std::function<int()> chosen;

  Impl(std::string_view program, std::string_view about)
      : app(std::string(about), std::string(program)), into(&app) {}

  CLI::Option* Tell(CLI::Option* option, std::string_view name, const std::string& value,
                    std::string_view help) {
    const std::string flag = "--" + std::string(name);
    entries.push_back({group, flag + value, std::string(help)});
    names.push_back(flag);
    return option->envname(EnvironmentName(name));
  }

  std::string Help() const {
    std::string text = app.get_description() + "\n\nUsage: " + app.get_name() + " [flags]\n";
    for (const Entry& command : commands) {
      text += "       " + app.get_name() + " " + command.left + " [flags]  " + command.right + "\n";
    }
    text +=
        "\nEach flag can also be given as an environment variable: --web.listen-address is\n"
        "STAKEWATCH_WEB_LISTEN_ADDRESS (repeatable ones separated by commas).\n";
    std::string heading;
    for (const Entry& entry : entries) {
      if (entry.group != heading) text += "\n" + entry.group + ":\n";
      heading = entry.group;
      text += "  " + entry.left + "\n      " + Wrap(entry.right, 6, 90) + "\n";
    }
    return text;
  }

  // " Did you mean --geth.url?" where one is near.
  std::string Meant(std::string_view given) const {
    given = given.substr(0, given.find('='));
    const auto distance = [&](const std::string& name) { return EditDistance(given, name); };
    const auto nearest = std::ranges::min_element(names, {}, distance);
    if (nearest == names.end() || distance(*nearest) > given.size() / 3 + 1) {
      return "; --help lists all flags";
    }
    if (*nearest == given) return " here: it belongs to a command";
    return "; did you mean " + *nearest + "?";
  }
};

Flags::Flags(std::string_view program, std::string_view about)
    : impl_(std::make_unique<Impl>(program, about)) {
  impl_->app.set_help_flag();
  impl_->app.fallthrough();
  impl_->app.require_subcommand(0, 1);
}

Flags::~Flags() = default;

void Flags::Group(std::string_view heading) {
  impl_->group = heading;
}

void Flags::Add(std::string_view name, std::string& value, std::string_view help) {
  auto* option = impl_->into->add_option("--" + std::string(name), value);
  impl_->Tell(option, name, "=" + (value.empty() ? "\"\"" : value), help);
}

void Flags::Add(std::string_view name, std::vector<std::string>& value, std::string_view help) {
  auto* option = impl_->into->add_option("--" + std::string(name), value);
  option->allow_extra_args(false)->delimiter(',');
  impl_->Tell(option, name, "=" + (value.empty() ? "..." : Joined(value)),
              std::string(help) + " Repeatable.");
}

void Flags::Add(std::string_view name, std::size_t& value, std::string_view help) {
  const std::string flag = "--" + std::string(name);
  auto* option =
      impl_->into->add_option_function<std::string>(flag, [&value, flag](const std::string& text) {
        const auto number = WholeNumber<std::size_t>(text);
        if (!number) throw CLI::ValidationError(flag, "\"" + text + "\" is no whole number");
        value = *number;
      });
  impl_->Tell(option, name, "=" + std::to_string(value), help);
}

void Flags::Add(std::string_view name, bool& value, std::string_view help) {
  const std::string flag = "--" + std::string(name);
  auto* option = impl_->into->add_flag(flag + ",!--no-" + std::string(name), value);
  impl_->Tell(option, name, value ? " (on; --no-" + std::string(name) + " is off)" : "", help);
  impl_->names.push_back("--no-" + std::string(name));
}

void Flags::Add(std::string_view name, std::chrono::milliseconds& value, std::string_view help) {
  auto* option = impl_->into->add_option_function<std::string>(
      "--" + std::string(name), [&value, name](const std::string& text) {
        const auto parsed = ParseDuration(text);
        if (!parsed) {
          throw CLI::ValidationError("--" + std::string(name), parsed.error());
        }
        value = *parsed;
      });
  impl_->Tell(option, name, "=" + WriteDuration(value), help);
}

void Flags::AddChoice(std::string_view name, std::string& value, std::vector<std::string> choices,
                      std::string_view help) {
  const std::string told = std::string(help) + " One of: " + Joined(choices) + ".";
  auto* option = impl_->into->add_option("--" + std::string(name), value);
  option->check([choices = std::move(choices)](const std::string& given) {
    if (std::ranges::find(choices, given) != choices.end()) return std::string();
    return "\"" + given + "\" is not one of: " + Joined(choices);
  });
  impl_->Tell(option, name, "=" + (value.empty() ? "\"\"" : value), told);
}

void Flags::AddUpstream(std::string_view prefix, UpstreamOptions& options) {
  const std::string p(prefix);
  Add(p + ".ca-file", options.ca_file,
      "PEM file of the CAs that may vouch for the node; empty: the system's.");
  Add(p + ".cert-file", options.cert_file, "PEM file of the client certificate.");
  Add(p + ".key-file", options.key_file, "PEM file of its key.");
  Add(p + ".username", options.username, "User of basic authentication.");
  Add(p + ".password-file", options.password_file, "File with its password, closed to the world.");
  Add(p + ".bearer-token-file", options.bearer_token_file,
      "File with a bearer token, closed to the world.");
}

void Flags::Command(std::string_view name, std::string_view about,
                    const std::function<void(Flags&)>& declare, std::function<int()> run) {
  impl_->commands.push_back({"", std::string(name), std::string(about)});
  const std::string group = std::exchange(impl_->group, "Of the command " + std::string(name));
  CLI::App* command = impl_->app.add_subcommand(std::string(name), std::string(about));
  command->set_help_flag();
  impl_->into = command;
  declare(*this);
  impl_->into = &impl_->app;
  impl_->group = group;
  impl_->runs.emplace_back(command, std::move(run));
}

const std::function<int()>& Flags::Chosen() const {
  return impl_->chosen;
}

std::expected<void, int> Flags::Parse(int argc, char** argv) {
  bool help = false;
  impl_->app.add_flag("-h,--help", help);
  impl_->names.emplace_back("--help");
  const auto wrong = [&](const std::string& what) {
    std::cerr << impl_->app.get_name() << ": " << what << "\n";
    return std::unexpected(2);
  };
  // Asked for before anything else is judged: a wrong flag beside it is no reason to withhold it.
  for (int i = 1; i < argc; ++i) {
    const std::string_view given = argv[i];
    if (given != "-h" && given != "--help") continue;
    std::cout << impl_->Help();
    return std::unexpected(0);
  }
  try {
    impl_->app.allow_extras();
    for (auto& [command, run] : impl_->runs) command->allow_extras();
    impl_->app.parse(argc, argv);
  } catch (const CLI::Error& e) {
    return wrong(e.what());
  }
  const auto extras = impl_->app.remaining(true);
  if (!extras.empty()) {
    const std::string& first = extras.front();
    if (first.starts_with('-')) {
      return wrong("there is no flag " + first.substr(0, first.find('=')) + impl_->Meant(first));
    }
    return wrong("\"" + first + "\" is no command" +
                 (impl_->commands.empty() ? "; flags begin with --"
                                          : "; there is " + impl_->commands.front().left));
  }
  for (auto& [command, run] : impl_->runs) {
    if (command->parsed()) impl_->chosen = run;
  }
  return {};
}

}  // namespace stakewatch
