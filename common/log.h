#pragma once
// Log lines on stderr, logfmt or JSON, through spdlog. Values may be any bytes: they are quoted.
#include <initializer_list>
#include <string>
#include <string_view>

namespace stakewatch {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

struct LogField {
  std::string_view key;
  std::string value;
};

// Once, before the first line. Level: debug, info, warn, error; format: logfmt, json.
void StartLog(std::string_view level, std::string_view format);

// One line: ts=… level=… msg="…" key=value… A value is cut after 500 bytes.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace stakewatch
