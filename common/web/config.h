#pragma once
// The ecosystem's web configuration file (the format of Prometheus' exporter-toolkit), read and
// checked. What it says is either done or refused by a line that names it; nothing is ignored.
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace stakewatch {

// NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven and
// RequireAndVerifyClientCert.
enum class ClientAuth { kNone, kRequest, kRequireAny, kVerifyIfGiven, kRequireAndVerify };

enum class TlsVersion { k12, k13 };

struct WebTlsConfig {
  std::string cert_file, key_file;
  std::string client_ca_file;
  ClientAuth client_auth = ClientAuth::kNone;
  std::vector<std::string> client_allowed_sans;  // Empty: any.
  TlsVersion min_version = TlsVersion::k12;
  TlsVersion max_version = TlsVersion::k13;
  std::vector<std::string> cipher_suites;  // By their standard names; empty: OpenSSL's choice.
  std::vector<std::string> curves;         // By OpenSSL's names; empty: OpenSSL's choice.
  bool prefer_server_cipher_suites = true;
};

struct WebRateLimit {
  std::chrono::milliseconds interval{0};  // One request more is allowed after each.
  std::size_t burst = 0;
};

struct WebConfig {
  std::optional<WebTlsConfig> tls;
  std::map<std::string, std::string> headers;  // Of each answer.
  std::map<std::string, std::string> users;    // Name to bcrypt hash; empty: no authentication.
  std::optional<WebRateLimit> rate_limit;
};

// `folder` is where relative paths start. Touches no file.
Checked<WebConfig> ParseWebConfig(std::string_view yaml, const std::string& folder);

// Refuses a file that holds users and that the world can read.
Checked<WebConfig> ReadWebConfig(const std::string& path);

// Null, or what is wrong: the file is missing, or all users of the machine can read or write it.
std::optional<std::string> WhyNotSecret(const std::string& path);

}  // namespace stakewatch
