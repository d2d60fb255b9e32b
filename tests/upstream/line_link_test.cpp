// Conversations in lines: what is refused of an answer, which certificate is believed, and whose
// socket.
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include "common/blake2.h"
#include "common/upstream/line_link.h"
#include "tests/common/raw_server.h"
#include "tests/web/certs.h"

namespace stakewatch {
namespace {

using namespace std::chrono_literals;
using testing::RawPeer;
using testing::RawServer;
using testing::TestCert;
using testing::TestFolder;

constexpr std::size_t kBytesMax = 65536;
constexpr uid_t kNobody = 65534;

LinePeer PeerOf(const RawServer& server, const std::string& certificate_file = "") {
  auto peer = ParseLinePeer(server.Address());
  REQUIRE(peer);
  peer->certificate_file = certificate_file;
  return *peer;
}

Result<std::string> AskOnce(const LinePeer& peer, milliseconds time = 5s) {
  const Deadline deadline(time);
  auto link = LineLink::Connect(peer, deadline);
  if (!link) return std::unexpected(link.error());
  return (*link)->Ask("question", kBytesMax, deadline);
}

// What is made of a server that answers by just these bytes, and hangs up.
Result<std::string> Answered(const std::string& text) {
  const RawServer server([&](RawPeer& peer) {
    if (!peer.ReadLine().empty()) peer.Send(text);
  });
  return AskOnce(PeerOf(server));
}

Reason WhyNot(const Result<std::string>& result) {
  REQUIRE_FALSE(result);
  return result.error().reason;
}

std::shared_ptr<SSL_CTX> ServerOf(const TestCert& cert) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  REQUIRE(SSL_CTX_use_certificate(context.get(), cert.x509.get()) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey(context.get(), cert.key.get()) == 1);
  return context;
}

TEST_CASE("blake2: keyed, personalised, and nothing for a key of no use") {
  const std::string personalisation =
      "\x2e\x3c\xd9\x06\x33\x6d\x48\x51\xf0\xd4\xec\x12\x09\xd4\xa3\x3b";
  CHECK(Blake2bMac("ffeeddccbbaa99887766554433221100", personalisation, std::string(32, '0')) ==
        "f107c550f88f5cca938aad027923dfd75ac071cc667821556f7c5c78c3603fd7");
  CHECK(Blake2bMac("", personalisation, "x").empty());
  CHECK(Blake2bMac(std::string(65, 'k'), personalisation, "x").empty());
  CHECK(Blake2bMac("key", "short", "x").empty());
}

TEST_CASE("line link: peers are absolute paths and host:port") {
  CHECK(ParseLinePeer("/run/rpc.sock")->Name() == "/run/rpc.sock");
  CHECK(ParseLinePeer("bastion:8000")->Name() == "bastion:8000");
  CHECK(ParseLinePeer("[::1]:8000")->Name() == "[::1]:8000");
  for (const char* const bad :
       {"", "rpc.sock", ":8000", "bastion", "bastion:0", "a:70000", "http://a:1/"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseLinePeer(bad));
  }
}

TEST_CASE("line link: one line is the answer, without its break") {
  CHECK(Answered("{}\n").value() == "{}");
  CHECK(Answered("{}\r\n").value() == "{}");
  CHECK(Answered("\n").value().empty());
  CHECK(Answered(std::string(kBytesMax - 1, 'x') + "\n").value().size() == kBytesMax - 1);
}

TEST_CASE("line link: what is too long, cut off, doubled or missing is no answer") {
  CHECK(WhyNot(Answered(std::string(kBytesMax, 'x') + "\n")) == Reason::kBadAnswer);
  CHECK(WhyNot(Answered(std::string(10 * kBytesMax, 'x'))) == Reason::kBadAnswer);
  CHECK(WhyNot(Answered("{\"a\":")) == Reason::kBadAnswer);
  CHECK(WhyNot(Answered("{}\n{}\n")) == Reason::kBadAnswer);
  CHECK(WhyNot(Answered("")) == Reason::kUnreachable);
  const RawServer endless([](RawPeer& peer) { peer.SendForever("x"); });
  CHECK(WhyNot(AskOnce(PeerOf(endless))) == Reason::kBadAnswer);
}

TEST_CASE("line link: silence and dripping are over by the deadline") {
  const RawServer silent([](RawPeer& peer) { peer.AwaitGone(); });
  const RawServer dripping([](RawPeer& peer) {
    if (!peer.ReadLine().empty()) peer.SendForever("x", 20ms);
  });
  for (const RawServer* const server : {&silent, &dripping}) {
    const auto start = Deadline::Clock::now();
    CHECK(WhyNot(AskOnce(PeerOf(*server), 200ms)) == Reason::kTimeout);
    CHECK(Deadline::Clock::now() - start < 5s);
  }
}

TEST_CASE("line link: a path without a socket, and one that nobody listens on any more") {
  const TestFolder folder;
  LinePeer peer;
  peer.socket = folder.Path("none.sock");
  const auto none = AskOnce(peer);
  CHECK(WhyNot(none) == Reason::kUnreachable);
  CHECK(none.error().code == ENOENT);
  peer.socket = folder.Path("left.sock");
  {
    const Socket left = RawServer::ListenUnix(peer.socket);
  }
  const auto left = AskOnce(peer);
  CHECK(WhyNot(left) == Reason::kUnreachable);
  CHECK(left.error().code == ECONNREFUSED);
}

TEST_CASE("line link: TLS with just the pinned certificate, whatever its name") {
  const TestFolder folder;
  const TestCert own = TestCert::Make("supervisor", "");
  const std::string pin = folder.Write("own.pem", own.CertPem());
  const auto answer = [](RawPeer& peer) {
    if (!peer.ReadLine().empty()) peer.Send("yes\n");
  };
  const auto ask = [&](const TestCert& shown, const std::string& file) {
    const auto context = ServerOf(shown);
    const RawServer server(answer, context.get());
    return AskOnce(PeerOf(server, file));
  };
  CHECK(ask(own, pin).value() == "yes");

  CHECK(WhyNot(ask(TestCert::Make("supervisor", ""), pin)) == Reason::kTls);
  // One that the pinned one has signed is another one, too.
  const TestCert ca = TestCert::Make("ca", "", nullptr, true);
  const std::string ca_pin = folder.Write("ca.pem", ca.CertPem());
  const auto child = ask(TestCert::Make("child", "", &ca), ca_pin);
  CHECK(WhyNot(child) == Reason::kTls);
  CHECK(ask(ca, ca_pin).value() == "yes");
  // Pinned is what was signed by another.
  const TestCert signed_one = TestCert::Make("signed", "", &ca);
  CHECK(ask(signed_one, folder.Write("signed.pem", signed_one.CertPem())).value() == "yes");

  const TestCert old = [] {
    TestCert made = TestCert::Make("old", "");
    X509_gmtime_adj(X509_getm_notAfter(made.x509.get()), -60);
    X509_sign(made.x509.get(), made.key.get(), EVP_sha256());
    return made;
  }();
  const auto expired = ask(old, folder.Write("old.pem", old.CertPem()));
  CHECK(WhyNot(expired) == Reason::kTls);
  CHECK(expired.error().what.contains("expired"));
  CHECK(WhyNot(ask(own, folder.Write("bad.pem", "hello\n"))) == Reason::kTls);
  CHECK(WhyNot(ask(own, folder.Path("none.pem"))) == Reason::kTls);
}

TEST_CASE("line link: TLS to a plain peer and plain to a TLS peer") {
  const TestFolder folder;
  const TestCert own = TestCert::Make("supervisor", "");
  const RawServer plain([](RawPeer&) {});
  CHECK(WhyNot(AskOnce(PeerOf(plain, folder.Write("own.pem", own.CertPem())))) == Reason::kTls);
  const auto context = ServerOf(own);
  const RawServer tls([](RawPeer& peer) { peer.AwaitGone(); }, context.get());
  const auto unreadable = AskOnce(PeerOf(tls));
  CHECK_FALSE(unreadable);
}

// The kernel notes who listens when they begin to; the call is of this thread alone.
Socket ListenAs(uid_t user, const std::string& path) {
  Socket socket;
  std::thread([&] {
    const Socket bound = RawServer::ListenUnix(path);
    REQUIRE(::syscall(SYS_setresuid, -1, user, -1) == 0);
    socket = Socket(::dup(bound.Fd()));
    REQUIRE(::listen(socket.Fd(), 16) == 0);
    REQUIRE(::syscall(SYS_setresuid, -1, 0, -1) == 0);
  }).join();
  return socket;
}

TEST_CASE("line link: nothing is said to a socket that a stranger listens on") {
  if (::geteuid() != 0) {
    MESSAGE("only root can listen as somebody else");
    return;
  }
  const TestFolder folder;
  LinePeer peer;
  peer.socket = folder.Path("rpc.sock");
  std::atomic<bool> asked = false;
  const RawServer server(ListenAs(kNobody, peer.socket), [&](RawPeer& client) {
    if (client.ReadLine().empty()) return;
    asked = true;
    client.Send("yes\n");
  });
  const auto strange = AskOnce(peer);
  CHECK(WhyNot(strange) == Reason::kUnreachable);
  CHECK(strange.error().code == EPERM);
  CHECK(strange.error().what.contains("65534"));
  CHECK_FALSE(asked);
  // The daemon's own user has its data folder.
  REQUIRE(::chown(folder.Path("").c_str(), kNobody, kNobody) == 0);
  CHECK(AskOnce(peer).value() == "yes");
}

}  // namespace
}  // namespace stakewatch
