// Certificates made on the spot, and one thread a connection.
#include "tests/sim/tls_front.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "tests/sim/sockets.h"

namespace stakewatch::sim {
namespace {

constexpr int kLookMs = 20;
constexpr long kDays = 30;  // As of the README's own openssl line.

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

// With an Ed25519 certificate of its own, signed by itself; its PEM goes to `file` if that is
// given.
Context NewContext(const std::string& file) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> x509(X509_new(), X509_free);
  X509_set_version(x509.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(x509.get()), kDays * 86'400);
  X509_set_pubkey(x509.get(), key.get());
  X509_NAME* const name = X509_get_subject_name(x509.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("supervisor"), -1, -1, 0);
  X509_set_issuer_name(x509.get(), name);
  X509_sign(x509.get(), key.get(), nullptr);
  Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_use_certificate(context.get(), x509.get());
  SSL_CTX_use_PrivateKey(context.get(), key.get());
  if (!file.empty()) {
    std::FILE* const to = std::fopen(file.c_str(), "w");
    if (to == nullptr) return {nullptr, SSL_CTX_free};
    PEM_write_X509(to, x509.get());
    std::fclose(to);
  }
  return context;
}

int ConnectLoopback(std::uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) return fd;
  close(fd);
  return -1;
}

}  // namespace

struct TlsFront::Contexts {
  Context own, other;
};

Checked<std::unique_ptr<TlsFront>> TlsFront::Open(Address address, const std::string& file,
                                                  std::uint16_t plain_port,
                                                  std::function<bool()> other) {
  std::unique_ptr<TlsFront> front(new TlsFront());
  const auto listener = ListenTcp(address);
  if (!listener) return std::unexpected("--supervisor-tls: " + listener.error());
  front->listener_ = *listener;
  front->port_ = address.port;
  front->plain_port_ = plain_port;
  front->other_ = std::move(other);
  front->contexts_ = std::make_shared<Contexts>(Contexts{NewContext(file), NewContext("")});
  if (front->contexts_->own == nullptr) {
    return std::unexpected("--supervisor-certificate: " + file + " cannot be written");
  }
  front->thread_ = std::thread([raw = front.get()] { raw->Accept(); });
  return front;
}

TlsFront::~TlsFront() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  for (std::thread& connection : connections_) connection.join();
  if (listener_ >= 0) close(listener_);
}

void TlsFront::Accept() {
  while (!stopping_) {
    pollfd ready{listener_, POLLIN, 0};
    if (poll(&ready, 1, kLookMs) != 1) continue;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) connections_.emplace_back([this, fd, other = other_()] { Pass(fd, other); });
  }
}

void TlsFront::Pass(int fd, bool other) const {
  // Nobody waits for ever: neither for a handshake nor for room.
  const timeval patience{5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(
      SSL_new((other ? contexts_->other : contexts_->own).get()), SSL_free);
  SSL_set_fd(ssl.get(), fd);
  const int plain = SSL_accept(ssl.get()) == 1 ? ConnectLoopback(plain_port_) : -1;
  std::array<char, 16384> some{};
  while (plain >= 0 && !stopping_) {
    std::array<pollfd, 2> ready = {pollfd{fd, POLLIN, 0}, pollfd{plain, POLLIN, 0}};
    if (SSL_pending(ssl.get()) == 0 && poll(ready.data(), ready.size(), kLookMs) == 0) continue;
    if (ready[0].revents != 0 || SSL_pending(ssl.get()) > 0) {
      const int n = SSL_read(ssl.get(), some.data(), some.size());
      if (n <= 0 || send(plain, some.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) != n) break;
    }
    if (ready[1].revents != 0) {
      const ssize_t n = recv(plain, some.data(), some.size(), 0);
      if (n <= 0 || SSL_write(ssl.get(), some.data(), static_cast<int>(n)) <= 0) break;
    }
  }
  if (plain >= 0) {
    SSL_shutdown(ssl.get());
    close(plain);
  }
  close(fd);
}

}  // namespace stakewatch::sim
