// The web configuration file: what is read, and what is refused by which words.
#include "common/web/config.h"

#include "tests/web/certs.h"

namespace stakewatch::testing {
namespace {

constexpr std::string_view kHash = "$2b$04$5H7CnMExQ0GBBJzOqv1Ju.uJFfNDCjZVkKSLkLPH3L6mIIyEYsUXK";

std::string WhyNot(std::string_view yaml) {
  const auto config = ParseWebConfig(yaml, "/etc/x");
  return config ? "" : config.error();
}

TEST_CASE("web config: everything there is") {
  const auto config = ParseWebConfig(R"(
tls_server_config:
  cert_file: a.pem
  key_file: /abs/b.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: sub/ca.pem
  client_allowed_sans: [one, "two"]
  min_version: TLS12
  max_version: TLS13
  cipher_suites:
    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    - TLS_AES_128_GCM_SHA256
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP256, X25519]
http_server_config:
  http2: true
  headers:
    X-Frame-Options: deny
    Strict-Transport-Security: max-age=31536000; includeSubDomains
basic_auth_users:
  alice: )" + std::string(kHash) + R"(
rate_limit:
  interval: 500ms
  burst: 20
)",
                                     "/etc/x");
  REQUIRE_MESSAGE(config, config.error());
  const WebTlsConfig tls = config->tls.value_or(WebTlsConfig{});
  CHECK(tls.cert_file == "/etc/x/a.pem");
  CHECK(tls.key_file == "/abs/b.pem");
  CHECK(tls.client_ca_file == "/etc/x/sub/ca.pem");
  CHECK(tls.client_auth == ClientAuth::kRequireAndVerify);
  CHECK(tls.client_allowed_sans == std::vector<std::string>{"one", "two"});
  CHECK(tls.min_version == TlsVersion::k12);
  CHECK(tls.max_version == TlsVersion::k13);
  CHECK(tls.cipher_suites.size() == 2);
  CHECK(tls.curves == std::vector<std::string>{"P-256", "X25519"});
  CHECK(!tls.prefer_server_cipher_suites);
  CHECK(config->headers.at("X-Frame-Options") == "deny");
  CHECK(config->users.at("alice") == kHash);
  const WebRateLimit limit = config->rate_limit.value_or(WebRateLimit{});
  CHECK(limit.interval == 500ms);
  CHECK(limit.burst == 20);
}

TEST_CASE("web config: nothing at all is a good file") {
  for (const char* yaml : {"", "\n", "# only a comment\n", "{}", "tls_server_config:\n",
                           "basic_auth_users: {}\nhttp_server_config:\n  headers:\n"}) {
    const auto config = ParseWebConfig(yaml, "");
    REQUIRE_MESSAGE(config, yaml);
    CHECK(!config->tls);
    CHECK(config->users.empty());
  }
}

TEST_CASE("web config: what is wrong is named") {
  const std::string tls = "tls_server_config:\n  cert_file: a\n  key_file: b\n";
  const std::string user = "basic_auth_users:\n  bob: ";
  const std::pair<std::string, std::vector<const char*>> cases[] = {
      {"tls_server_confg: {}", {"tls_server_confg", "tls_server_config", "basic_auth_users"}},
      {tls + "  cert_fil: c\n", {"tls_server_config.cert_fil ", "client_ca_file"}},
      {tls + "  cert_file: c\n", {"tls_server_config.cert_file", "twice"}},
      {"tls_server_config:\n  key_file: b\n", {"tls_server_config.cert_file", "missing"}},
      {"tls_server_config:\n  cert_file: b\n", {"tls_server_config.key_file", "missing"}},
      {"tls_server_config: [1]", {"tls_server_config", "no mapping"}},
      {"[1, 2]", {"no mapping"}},
      {"just text", {"no mapping"}},
      {"<html><body>no</body></html>", {"no mapping"}},
      {tls + "  min_version: TLS11\n", {"min_version", "TLS11", "TLS12, TLS13"}},
      {tls + "  min_version: TLS13\n  max_version: TLS12\n", {"max_version"}},
      {tls + "  client_auth_type: Sometimes\n", {"client_auth_type", "RequireAnyClientCert"}},
      {tls + "  client_auth_type: RequireAndVerifyClientCert\n", {"client_ca_file", "missing"}},
      {tls + "  client_ca_file: c\n", {"client_ca_file", "NoClientCert"}},
      {tls + "  client_allowed_sans: [a]\n", {"client_allowed_sans"}},
      {tls + "  client_allowed_sans: a\n", {"client_allowed_sans", "no list"}},
      {tls + "  client_allowed_sans: [[a]]\n", {"client_allowed_sans", "no text"}},
      {tls + "  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n", {"cipher_suites", "RC4"}},
      {tls + "  curve_preferences: [P-256]\n", {"curve_preferences", "CurveP256"}},
      {tls + "  prefer_server_cipher_suites: perhaps\n", {"neither true nor false"}},
      {"http_server_config: {http3: true}", {"http_server_config.http3", "http2"}},
      {"http_server_config: {http2: 1}", {"http_server_config.http2"}},
      {"http_server_config: {headers: {X-Evil: a}}", {"X-Evil", "X-Frame-Options"}},
      {"http_server_config: {headers: {X-Frame-Options: \"a\\r\\nb: c\"}}", {"control"}},
      {user + "secret\n", {"basic_auth_users.bob", "bcrypt"}},
      {user + "$1$abc$def\n", {"basic_auth_users.bob", "bcrypt"}},
      {user + "$6$abc$def\n", {"bcrypt"}},
      {user + "$2x$04$5H7CnMExQ0GBBJzOqv1Ju.uJFfNDCjZVkKSLkLPH3L6mIIyEYsUXK\n", {"bcrypt"}},
      {user + "$2b$31$5H7CnMExQ0GBBJzOqv1Ju.uJFfNDCjZVkKSLkLPH3L6mIIyEYsUXK\n", {"cost"}},
      {user + "$2b$0x$5H7CnMExQ0GBBJzOqv1Ju.uJFfNDCjZVkKSLkLPH3L6mIIyEYsUXK\n", {"cost"}},
      {"basic_auth_users: {\"a:b\": " + std::string(kHash) + "}", {"a:b", "user name"}},
      {"basic_auth_users: {[a]: b}", {"a key"}},
      {"rate_limit: {burst: 1}", {"rate_limit.interval"}},
      {"rate_limit: {interval: 1}", {"rate_limit.interval", "500ms"}},
      {"rate_limit: {interval: 0s}", {"rate_limit.interval"}},
      {"rate_limit: {interval: -1s}", {"rate_limit.interval"}},
      {"rate_limit: {interval: 1s, burst: 0}", {"rate_limit.burst"}},
      {"rate_limit: {interval: 1s, burst: many}", {"rate_limit.burst"}},
      {"a: b: c", {"no YAML", "line 1"}},
      {"basic_auth_users: {alice: [}", {"no YAML"}},
      {"{", {"no YAML"}},
      {"? {a: b}\n: c", {"a key"}},
      {"x: *nowhere", {"no YAML"}},
      {std::string(100'000, '['), {"no YAML"}},
      {std::string("\xFF\xFE\x00\x01", 4), {""}},
  };
  for (const auto& [yaml, words] : cases) {
    const std::string why = WhyNot(yaml);
    CHECK_MESSAGE(!why.empty(), yaml.substr(0, 100));
    CHECK_MESSAGE(why.find('\n') == std::string::npos, why);
    for (const char* word : words) {
      CHECK_MESSAGE(why.find(word) != std::string::npos, why, " has no ", word);
    }
  }
}

TEST_CASE("web config: a bad hash is not repeated") {
  CHECK(WhyNot("basic_auth_users: {bob: hunter2}").find("hunter2") == std::string::npos);
}

TEST_CASE("web config: aliases that multiply cost nothing") {
  std::string yaml = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string n = std::to_string(i);
    const std::string before = "*a" + std::to_string(i - 1);
    yaml.append("a").append(n).append(": &a").append(n).append(" [");
    yaml.append(before).append(", ").append(before).append("]\n");
  }
  CHECK(WhyNot(yaml).find("a0") != std::string::npos);
}

TEST_CASE("web config: the file that is read") {
  const TestFolder folder;
  const std::string users = "basic_auth_users:\n  bob: " + std::string(kHash) + "\n";
  CHECK(ReadWebConfig(folder.Write("users.yml", users, 0640)));
  const auto open = ReadWebConfig(folder.Write("users.yml", users, 0644));
  REQUIRE(!open);
  CHECK(open.error().find("users.yml holds secrets") != std::string::npos);
  CHECK(ReadWebConfig(folder.Write("plain.yml", "rate_limit: {interval: 1s}", 0644)));
  const auto missing = ReadWebConfig(folder.Path("no.yml"));
  REQUIRE(!missing);
  CHECK(missing.error().find("no.yml cannot be opened: No such file") != std::string::npos);
  CHECK(!ReadWebConfig(folder.Path("")));  // A folder.
  REQUIRE(::mkfifo(folder.Path("pipe").c_str(), 0600) == 0);
  CHECK(!ReadWebConfig(folder.Path("pipe")));
  CHECK(!ReadWebConfig(folder.Write("big.yml", std::string(2U << 20, '#'))));
  const auto tls =
      ReadWebConfig(folder.Write("tls.yml", "tls_server_config: {cert_file: c, key_file: k}"));
  REQUIRE(tls);
  CHECK(tls->tls.value_or(WebTlsConfig{}).cert_file == folder.Path("c"));
}

TEST_CASE("web config: headers and the rate limit hold for every answer") {
  const TestFolder folder;
  WebOptions options = OnAnyPort();
  options.config_file = folder.Write("web.yml", R"(
http_server_config:
  headers: {X-Frame-Options: deny, Content-Security-Policy: "default-src 'self'"}
rate_limit: {interval: 1h, burst: 3}
)");
  TestServer test(options);
  for (const char* path : {"/", "/metrics", "/nowhere"}) {
    const Reply reply = Fetch(test.address, Get(path));
    CHECK(reply.Header("X-Frame-Options") == "deny");
    CHECK(reply.headers.count("Content-Security-Policy") == 1);
    CHECK(reply.Header("Content-Security-Policy") == "default-src 'self'");
  }
  CHECK(Fetch(test.address, Get("/")).status == 429);
  CHECK(test.Counted("429") == 1);
}

}  // namespace
}  // namespace stakewatch::testing
