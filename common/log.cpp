#include "common/log.h"

#include <ctime>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace stakewatch {
namespace {

constexpr std::size_t kValueBytesMax = 500;

// Quoted as JSON does it; control bytes and what is not ASCII-printable or UTF-8 lead is escaped,
// so that no peer's name can end a line or colour a terminal.
void AppendQuoted(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text.substr(0, kValueBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte >= 0x7F) {
      ((out += "\\u00") += kHex[byte >> 4]) += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  if (text.size() > kValueBytesMax) out += "...";
  out += '"';
}

bool Bare(std::string_view text) {
  if (text.empty() || text.size() > kValueBytesMax) return false;
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7F || c == '"' || c == '=' || c == '\\') return false;
  }
  return true;
}

std::string Now() {
  std::timespec now{};
  std::timespec_get(&now, TIME_UTC);
  std::tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  char text[80];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", utc.tm_year + 1900,
                utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                now.tv_nsec / 1000000);
  return text;
}

constexpr std::string_view kLevelWords[] = {"debug", "info", "warn", "error"};

// spdlog's own loggers are named by string; the format is kept in the logger's name.
spdlog::logger& Logger() {
  return *spdlog::default_logger_raw();
}

}  // namespace

void StartLog(std::string_view level, std::string_view format) {
  auto logger = std::make_shared<spdlog::logger>(std::string(format),
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::from_str(std::string(level)));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                   spdlog::level::warn, spdlog::level::err};
  const auto at = static_cast<std::size_t>(level);
  if (!Logger().should_log(kLevels[at])) return;
  const bool json = Logger().name() == "json";
  std::string line;
  const auto field = [&](std::string_view key, std::string_view value, bool bare) {
    if (json) {
      line += line.empty() ? "{" : ",";
      AppendQuoted(line, key);
      line += ':';
    } else {
      if (!line.empty()) line += ' ';
      line.append(key).append("=");
    }
    if (bare && !json) {
      line += value;
    } else {
      AppendQuoted(line, value);
    }
  };
  field("ts", Now(), true);
  field("level", kLevelWords[at], true);
  field("msg", message, false);
  for (const LogField& f : fields) field(f.key, f.value, Bare(f.value));
  if (json) line += '}';
  Logger().log(kLevels[at], "{}", line);
}

}  // namespace stakewatch
