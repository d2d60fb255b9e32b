#include "common/web/config.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "common/deadline.h"
#include "common/file.h"
#include "common/number.h"
#include "common/text.h"
#include "common/web/yaml.h"

namespace stakewatch {
namespace {

constexpr std::size_t kFileBytesMax = 1U << 20;

constexpr auto kTlsKeys = std::to_array<std::string_view>(
    {"cert_file", "key_file", "client_auth_type", "client_ca_file", "client_allowed_sans",
     "min_version", "max_version", "cipher_suites", "curve_preferences",
     "prefer_server_cipher_suites"});
constexpr auto kHttpKeys = std::to_array<std::string_view>({"http2", "headers"});
constexpr auto kRateLimitKeys = std::to_array<std::string_view>({"interval", "burst"});
constexpr auto kRootKeys = std::to_array<std::string_view>(
    {"tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"});

constexpr auto kClientAuthWords =
    std::to_array<std::string_view>({"NoClientCert", "RequestClientCert", "RequireAnyClientCert",
                                     "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"});
constexpr auto kVersionWords = std::to_array<std::string_view>({"TLS12", "TLS13"});

// Go's names are the standard ones of IANA. What OpenSSL's default security level refuses (RC4,
// 3DES) is left out.
constexpr auto kCipherSuites = std::to_array<std::string_view>(
    {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
     "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
     "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
     "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
     "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
     "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
     "TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384"});

constexpr auto kCurveWords = std::to_array<std::string_view>(
    {"X25519MLKEM768", "X25519", "CurveP256", "CurveP384", "CurveP521"});
constexpr auto kCurveNames =
    std::to_array<std::string_view>({"X25519MLKEM768", "X25519", "P-256", "P-384", "P-521"});

constexpr auto kHeaderWords = std::to_array<std::string_view>(
    {"Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options",
     "X-Frame-Options", "X-XSS-Protection"});

// The place of the text in `words`; throws when it is none of them.
std::size_t Choice(const YamlSection& section, std::string_view key, std::string_view text,
                   std::span<const std::string_view> words) {
  const auto found = std::ranges::find(words, text);
  if (found == words.end()) {
    section.Wrong(key, "is \"" + std::string(text) + "\"; right is one of: " + Listed(words));
  }
  return static_cast<std::size_t>(found - words.begin());
}

std::string PathIn(const std::string& folder, const std::string& path) {
  return path.empty() || path.front() == '/' || folder.empty() ? path : folder + "/" + path;
}

TlsVersion VersionOf(const YamlSection& section, std::string_view key, TlsVersion otherwise) {
  const auto text = section.Text(key);
  return text ? static_cast<TlsVersion>(Choice(section, key, *text, kVersionWords)) : otherwise;
}

void CheckClientAuth(const YamlSection& section, const WebTlsConfig& tls) {
  const bool verifies = tls.client_auth == ClientAuth::kVerifyIfGiven ||
                        tls.client_auth == ClientAuth::kRequireAndVerify;
  if (verifies && tls.client_ca_file.empty()) {
    section.Wrong("client_ca_file", "is missing, and client_auth_type needs it");
  }
  if (!tls.client_ca_file.empty() && tls.client_auth == ClientAuth::kNone) {
    section.Wrong("client_ca_file",
                  "does nothing while client_auth_type is NoClientCert; RequireAndVerifyClientCert "
                  "asks for certificates");
  }
  if (!tls.client_allowed_sans.empty() && !verifies) {
    section.Wrong("client_allowed_sans",
                  "does nothing unless client_auth_type is RequireAndVerifyClientCert or "
                  "VerifyClientCertIfGiven");
  }
}

WebTlsConfig TlsOf(const YAML::Node& node, const std::string& folder) {
  const YamlSection section(node, "tls_server_config", kTlsKeys);
  WebTlsConfig tls;
  const auto file = [&](std::string_view key) {
    return PathIn(folder, section.Text(key).value_or(""));
  };
  tls.cert_file = file("cert_file");
  tls.key_file = file("key_file");
  tls.client_ca_file = file("client_ca_file");
  if (tls.cert_file.empty()) section.Wrong("cert_file", "is missing");
  if (tls.key_file.empty()) section.Wrong("key_file", "is missing");
  if (const auto text = section.Text("client_auth_type"); text && !text->empty()) {
    tls.client_auth =
        static_cast<ClientAuth>(Choice(section, "client_auth_type", *text, kClientAuthWords));
  }
  tls.client_allowed_sans = section.Texts("client_allowed_sans");
  CheckClientAuth(section, tls);
  tls.min_version = VersionOf(section, "min_version", TlsVersion::k12);
  tls.max_version = VersionOf(section, "max_version", TlsVersion::k13);
  if (tls.max_version < tls.min_version) section.Wrong("max_version", "is below min_version");
  tls.cipher_suites = section.Texts("cipher_suites");
  for (const std::string& suite : tls.cipher_suites) {
    Choice(section, "cipher_suites", suite, kCipherSuites);
  }
  for (const std::string& curve : section.Texts("curve_preferences")) {
    tls.curves.emplace_back(kCurveNames[Choice(section, "curve_preferences", curve, kCurveWords)]);
  }
  tls.prefer_server_cipher_suites = section.Bool("prefer_server_cipher_suites").value_or(true);
  return tls;
}

std::map<std::string, std::string> HeadersOf(const YAML::Node& node) {
  const YamlSection section(node, "http_server_config", kHttpKeys);
  section.Bool("http2");  // Accepted either way: this server speaks HTTP/1.1 only.
  const YamlSection given(section.Find("headers"), "http_server_config.headers", kHeaderWords);
  std::map<std::string, std::string> headers;
  for (const std::string& key : given.Keys()) {
    const std::string value = given.Text(key).value_or("");
    for (const char c : value) {
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) {
        given.Wrong(key, "has a control character");
      }
    }
    if (!value.empty()) headers.emplace(key, value);
  }
  return headers;
}

// $2a$, $2b$ or $2y$, a cost of two digits, and 53 characters of salt and hash.
bool IsBcrypt(std::string_view hash) {
  const auto in_alphabet = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '/';
  };
  return hash.size() == 60 && hash.starts_with("$2") &&
         (hash[2] == 'a' || hash[2] == 'b' || hash[2] == 'y') && hash[3] == '$' && hash[6] == '$' &&
         std::ranges::all_of(hash.substr(7), in_alphabet);
}

std::map<std::string, std::string> UsersOf(const YAML::Node& node) {
  const YamlSection section(node, "basic_auth_users", {});
  std::map<std::string, std::string> users;
  for (const std::string& name : section.Keys()) {
    const std::string hash = section.Text(name).value_or("");
    if (name.empty() || name.find(':') != std::string::npos ||
        name.find('\0') != std::string::npos) {
      section.Wrong(name, "is no user name: it is empty or has a colon or NUL");
    }
    if (!IsBcrypt(hash)) {
      section.Wrong(name, "is no bcrypt hash; `htpasswd -nBC 10 " + name + "` makes one");
    }
    int cost = 0;
    const auto [end, error] = std::from_chars(hash.data() + 4, hash.data() + 6, cost);
    // Each step doubles the time: 0.2 s at 10, 12 s at 16.
    if (error != std::errc() || end != hash.data() + 6 || cost < 4 || cost > 14) {
      section.Wrong(name, "has a bcrypt cost outside of 4 to 14");
    }
    users.emplace(name, hash);
  }
  return users;
}

// As Go writes durations, of one unit: 500ms, 10s, 5m, 1h.
std::optional<milliseconds> DurationOf(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit == "ms") return milliseconds(number);
  if (unit == "s") return std::chrono::seconds(number);
  if (unit == "m") return std::chrono::minutes(number);
  if (unit == "h") return std::chrono::hours(number);
  return std::nullopt;
}

WebRateLimit RateLimitOf(const YAML::Node& node) {
  const YamlSection section(node, "rate_limit", kRateLimitKeys);
  WebRateLimit limit;
  const auto interval = DurationOf(section.Text("interval").value_or(""));
  if (!interval || interval->count() == 0 || *interval > std::chrono::hours(24)) {
    section.Wrong("interval", "is no duration from 1ms to 24h, such as 500ms or 1s");
  }
  limit.interval = *interval;
  const std::string burst = section.Text("burst").value_or("1");
  limit.burst = WholeNumber<decltype(limit.burst)>(burst).value_or(0);
  if (limit.burst == 0 || limit.burst > 1'000'000) {
    section.Wrong("burst", "is no number from 1 to 1000000");
  }
  return limit;
}

WebConfig ConfigOf(const YAML::Node& root, const std::string& folder) {
  const YamlSection section(root, "", kRootKeys);
  WebConfig config;
  if (const YAML::Node tls = section.Find("tls_server_config"); tls.IsDefined()) {
    config.tls = TlsOf(tls, folder);
  }
  config.headers = HeadersOf(section.Find("http_server_config"));
  config.users = UsersOf(section.Find("basic_auth_users"));
  if (const YAML::Node limit = section.Find("rate_limit"); limit.IsDefined()) {
    config.rate_limit = RateLimitOf(limit);
  }
  return config;
}

constexpr mode_t kWorld = S_IRWXO;

std::string OpenToAll() {
  return "holds secrets and is open to all users of this machine; `chmod o= ` it";
}

}  // namespace

Checked<WebConfig> ParseWebConfig(std::string_view yaml, const std::string& folder) {
  return DecodeYaml(yaml, [&](const YAML::Node& root) { return ConfigOf(root, folder); });
}

Checked<WebConfig> ReadWebConfig(const std::string& path) {
  const auto file = ReadFile(path, kFileBytesMax);
  if (!file) return std::unexpected(path + " " + file.error());
  const std::size_t slash = path.rfind('/');
  auto config = ParseWebConfig(file->text, slash == std::string::npos
                                               ? ""
                                               : path.substr(0, std::max<std::size_t>(slash, 1)));
  if (!config) return std::unexpected(path + ": " + config.error());
  if (!config->users.empty() && (file->mode & kWorld) != 0) {
    return std::unexpected(path + " " + OpenToAll());
  }
  return config;
}

std::optional<std::string> WhyNotSecret(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return path + " cannot be read: " + SystemMessage(errno);
  if (!S_ISREG(found.st_mode)) return path + " is no regular file";
  if ((found.st_mode & kWorld) != 0) return path + " " + OpenToAll();
  return std::nullopt;
}

}  // namespace stakewatch
