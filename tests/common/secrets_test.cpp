#include "common/secrets.h"

#include <sys/stat.h>

#include <doctest/doctest.h>

#include "tests/web/certs.h"

namespace stakewatch::testing {
namespace {

TEST_CASE("secrets: one newline at the end is not part of it") {
  const TestFolder folder;
  CHECK(ReadSecret(folder.Write("a", "word")) == "word");
  CHECK(ReadSecret(folder.Write("a", "word\n")) == "word");
  CHECK(ReadSecret(folder.Write("a", "word\r\n")) == "word");
  CHECK(ReadSecret(folder.Write("a", " w \xC3\xA9 \n", 0640)) == " w \xC3\xA9 ");
  CHECK(ReadSecret(folder.Write("a", std::string(8 << 10, 'x'))).has_value());
}

TEST_CASE("secrets: what is refused, without a word of it") {
  const TestFolder folder;
  ::mkfifo(folder.Path("pipe").c_str(), 0600);
  ::mkdir(folder.Path("folder").c_str(), 0700);
  for (const std::string& path :
       {folder.Path("none"), folder.Path("pipe"), folder.Path("folder"), folder.Write("empty", ""),
        folder.Write("newline", "\n"), folder.Write("lines", "hunter2\nhunter2\n"),
        folder.Write("nul", std::string("hunter2\0", 8)), folder.Write("tab", "hunter2\t"),
        folder.Write("world", "hunter2", 0604), folder.Write("write", "hunter2", 0602),
        folder.Write("long", std::string((8 << 10) + 1, 'h'))}) {
    CAPTURE(path);
    const auto secret = ReadSecret(path);
    REQUIRE_FALSE(secret);
    CHECK(secret.error().starts_with(path + ": "));
    CHECK(secret.error().find("hunter2") == std::string::npos);
    CHECK(secret.error().find('\n') == std::string::npos);
    CHECK(secret.error().size() < path.size() + 100);
  }
}

UpstreamOptions Basic(const std::string& username, const std::string& password_file) {
  UpstreamOptions options;
  options.username = username;
  options.password_file = password_file;
  return options;
}

TEST_CASE("secrets: are compared as a whole") {
  CHECK(SameSecret("", ""));
  CHECK(SameSecret("secret", "secret"));
  for (const char* other : {"", "s", "secre", "secret ", "Secret", "tecret", "secrets"}) {
    CHECK_FALSE(SameSecret("secret", other));
    CHECK_FALSE(SameSecret(other, "secret"));
  }
  CHECK_FALSE(SameSecret(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

TEST_CASE("secrets: options that cannot work are refused before anything is asked") {
  const TestFolder folder;
  const TestCert cert = TestCert::Make("a", "");
  const std::string cert_file = folder.Write("cert.pem", cert.CertPem(), 0644);
  const std::string key_file = folder.Write("key.pem", cert.KeyPem());
  const std::string password = folder.Write("password", "hunter2");
  CHECK(CheckOptions({}));
  CHECK(CheckOptions(Basic("user", password)));
  CHECK_FALSE(CheckOptions(Basic("user", "")));
  CHECK_FALSE(CheckOptions(Basic("", password)));
  CHECK_FALSE(CheckOptions(Basic("us:er", password)));
  CHECK_FALSE(CheckOptions(Basic("user", folder.Path("none"))));
  UpstreamOptions both = Basic("user", password);
  both.bearer_token_file = password;
  REQUIRE_FALSE(CheckOptions(both));
  CHECK(CheckOptions(both).error().find("not both") != std::string::npos);

  UpstreamOptions tls;
  tls.ca_file = cert_file;
  CHECK(CheckOptions(tls));
  tls.ca_file = folder.Path("none");
  CHECK_FALSE(CheckOptions(tls));
  tls.ca_file = folder.Write("rubbish", "rubbish");
  CHECK_FALSE(CheckOptions(tls));
  tls.ca_file.clear();
  tls.cert_file = cert_file;
  CHECK_FALSE(CheckOptions(tls));
  tls.key_file = key_file;
  CHECK(CheckOptions(tls));
  tls.key_file = folder.Write("other.pem", TestCert::Make("b", "").KeyPem());
  CHECK_FALSE(CheckOptions(tls));
  tls.key_file = folder.Write("open.pem", cert.KeyPem(), 0644);
  CHECK_FALSE(CheckOptions(tls));
  // Nobody is asked for a pass phrase.
  tls.key_file = folder.Write("locked.pem", cert.KeyPem("phrase"));
  CHECK_FALSE(CheckOptions(tls));
}

}  // namespace
}  // namespace stakewatch::testing
