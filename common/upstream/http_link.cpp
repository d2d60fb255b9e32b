// cpp-httplib's client writes the request and reads the head of the answer, on a connection of our
// own (docs/adr/0003): its hooks create_and_connect_socket and process_socket are the same in
// 0.11.4 and 0.18.7. The body is read by HttpBody.
#include "common/upstream/http_link.h"

#include <poll.h>
#include <strings.h>

#include <algorithm>
#include <exception>
#include <utility>

#include <httplib.h>

#include "common/net/stream.h"
#include "common/text.h"
#include "common/upstream/http_body.h"

namespace stakewatch {
namespace {

constexpr std::size_t kHeadBytesMax = 64 << 10;
constexpr std::size_t kFrameBytesMax = 64 << 10;  // What chunks may add to a body, at the least.
// Taken and given back with each answer; from 64 KiB on, glibc's free() tidies the whole heap.
constexpr std::size_t kReadBytes = 32 << 10;
constexpr std::size_t kErrorBytesMax = 64 << 10;
// httplib reads the status line by std::regex, which recurses for each byte: 64 KiB of it end the
// program.
constexpr std::size_t kStatusLineBytesMax = 1 << 10;
constexpr milliseconds kErrorBodyTime{250};  // The words of a failure are worth no long wait.
// A connection in use every few seconds would never see a certificate or an address that changed.
constexpr std::chrono::minutes kLinkAgeMax{5};

// httplib writes head and body apart; held back until the first read, they are one packet.
class HeadStream : public httplib::Stream {
 public:
  explicit HeadStream(Connection& connection) : connection_(connection) {}
  bool is_readable() const override { return connection_.Readable(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, size_t size) override {
    if (!out_.empty() && !Flush()) return -1;
    const ssize_t n = connection_.Read(to, size);
    for (ssize_t i = 0; i < n; ++i) {
      if (!StatusLineFits(to[i])) return -1;
    }
    return n;
  }
  ssize_t write(const char* from, size_t size) override {
    out_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  // httplib 0.18 asks this only to set time-outs, which the connection has of its own.
  int socket() const override { return -1; }

 private:
  // Waiting at once saves a read that would find nothing yet. A peer that hangs up before it has
  // heard us out may have said why: a TLS alert, or a status.
  bool Flush() {
    const bool sent = connection_.Write(out_.data(), out_.size());
    out_.clear();
    return sent ? connection_.Readable() : connection_.Why() == Connection::End::kError;
  }
  // A status line is the first line, or one after the blank line that ends a "100 Continue".
  bool StatusLineFits(char c) {
    if (c == '\n') {
      status_line_ = line_bytes_ <= 1;
      line_bytes_ = 0;
      return true;
    }
    return ++line_bytes_ <= kStatusLineBytesMax || !status_line_;
  }

  Connection& connection_;
  std::string out_;
  bool status_line_ = true;
  std::size_t line_bytes_ = 0;
};

BodyFrame FrameOf(const httplib::Response& head) {
  const auto all = [&](const char* name) {
    std::vector<std::string> values;
    const auto [from, to] = head.headers.equal_range(name);
    for (auto at = from; at != to; ++at) values.push_back(at->second);
    return values;
  };
  return {all("Content-Length"), all("Transfer-Encoding")};
}

bool MayBeKept(const httplib::Response& head) {
  if (head.version != "HTTP/1.1") return false;
  const auto [from, to] = head.headers.equal_range("Connection");
  return std::none_of(from, to, [](const auto& header) {
    return strcasecmp(header.second.c_str(), "keep-alive") != 0;
  });
}

bool Good(int status) {
  return status >= 200 && status < 300;
}

// httplib sees no socket: it can neither look at ours nor close it, and calls the hooks each time.
class Link final : public HttpLink, private httplib::ClientImpl {
 public:
  Link(HttpPeer& peer, stakewatch::Socket socket, Ssl ssl)
      : ClientImpl(peer.url.host, peer.url.port),
        peer_(peer),
        socket_(std::move(socket)),
        ssl_(std::move(ssl)),
        connection_(socket_.Fd(), ssl_.get(), kReadBytes) {
    set_url_encode(false);
  }

  Result<void> Handshake(const Deadline& deadline);
  Result<HttpAnswer> Ask(const HttpQuestion& question, const Deadline& deadline) override;
  bool Reusable() const override { return reusable_; }
  bool Fresh() const override;
  bool WentAway() const override {
    const auto why = connection_.Why();
    return connection_.Received() == 0 &&
           (why == Connection::End::kClosed || why == Connection::End::kError);
  }

 private:
  bool create_and_connect_socket(Socket&, httplib::Error&) override { return true; }
  bool process_socket(const Socket&, std::function<bool(httplib::Stream&)> use) override {
    HeadStream stream(connection_);
    return use(stream);
  }
  void ReadBody(const httplib::Response& head, std::string& body);
  Error Failure() const;

  HttpPeer& peer_;
  stakewatch::Socket socket_;
  Ssl ssl_;
  Connection connection_;
  Deadline young_until_{kLinkAgeMax};
  bool reusable_ = false;
  std::size_t large_bytes_ = 0;            // Room for the next large body, by the last one.
  std::optional<HttpBody::End> body_end_;  // Of the last answer; none when it has no whole head.
};

Result<void> Link::Handshake(const Deadline& deadline) {
  connection_.Start(deadline, kHeadBytesMax);
  if (connection_.Handshake()) return {};
  if (connection_.Why() == Connection::End::kTimeout) {
    return Fail(Reason::kTimeout, "no TLS handshake in time");
  }
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified != X509_V_OK) {
    return Fail(Reason::kTls, std::string("its certificate is refused: ") +
                                  X509_verify_cert_error_string(verified));
  }
  return Fail(Reason::kTls, "no TLS handshake: " + connection_.WhyText());
}

bool Link::Fresh() const {
  if (young_until_.Over() || connection_.HasBuffered()) return false;
  if (ssl_ != nullptr && SSL_pending(ssl_.get()) > 0) return false;
  pollfd p{socket_.Fd(), POLLIN, 0};
  return ::poll(&p, 1, 0) == 0;
}

void Link::ReadBody(const httplib::Response& head, std::string& body) {
  const BodyFrame frame = FrameOf(head);
  // A final answer to what was not asked (103), or one that has no body by definition.
  if (head.status < 200 || head.status == 304) {
    body_end_ = HttpBody::End::kWhole;
    reusable_ = head.status == 304 && MayBeKept(head);
    return;
  }
  std::size_t bytes_max = peer_.options.body_bytes_max;
  if (!Good(head.status)) {
    bytes_max = std::min(bytes_max, kErrorBytesMax);
    if (connection_.Until().Left() > kErrorBodyTime) connection_.ExtendTo(Deadline(kErrorBodyTime));
  }
  // Twice: the frame of chunks of a few bytes weighs as much as they do.
  connection_.Allow(kFrameBytesMax + 2 * bytes_max);
  body_end_ = HttpBody::Read(connection_, frame, bytes_max, large_bytes_, body);
  if (body.size() >= HttpBody::kLargeBytes) large_bytes_ = body.size() + body.size() / 8;
  reusable_ = body_end_ == HttpBody::End::kWhole && !HttpBody::UntilClosed(frame) &&
              MayBeKept(head) && !connection_.HasBuffered();
}

Error Link::Failure() const {
  if (body_end_ == HttpBody::End::kTooLong) {
    return {Reason::kBadAnswer,
            "the answer is longer than " + std::to_string(peer_.options.body_bytes_max) + " bytes"};
  }
  if (body_end_ == HttpBody::End::kBad) {
    return {Reason::kBadAnswer, "the answer's length or chunks are not HTTP"};
  }
  switch (connection_.Why()) {
    case Connection::End::kTimeout:
      return {Reason::kTimeout,
              connection_.Received() == 0 ? "no answer in time" : "no whole answer in time"};
    case Connection::End::kBudget:
      return {Reason::kBadAnswer, !body_end_ ? "its headers are longer than 64 KiB"
                                             : "its chunks are too many for what they bring"};
    case Connection::End::kTls:
      return {Reason::kTls, connection_.WhyText()};
    case Connection::End::kError:
      return {Reason::kUnreachable, connection_.WhyText()};
    case Connection::End::kClosed:
      if (connection_.Received() == 0) {
        return {Reason::kUnreachable, "the connection was closed without an answer"};
      }
      return {Reason::kBadAnswer, "the answer is cut off"};
    case Connection::End::kNone:
      break;
  }
  return {Reason::kBadAnswer, "the answer is not HTTP"};
}

Result<HttpAnswer> Link::Ask(const HttpQuestion& question, const Deadline& deadline) {
  reusable_ = false;
  body_end_.reset();
  connection_.Start(deadline, kHeadBytesMax);
  httplib::Request request;
  request.method = question.Method();
  request.path = question.path.empty() ? "/" : question.path;
  request.body = question.body;
  // httplib would say "close": it is not to know that the connection is kept.
  request.headers = {{"Host", peer_.url.HostHeader()},
                     {"Connection", "keep-alive"},
                     {"User-Agent", "stakewatch"},
                     {"Accept", "application/json"},
                     {"Accept-Encoding", "identity"}};
  if (!question.body.empty()) request.headers.emplace("Content-Type", "application/json");
  if (!question.authorization.empty()) {
    request.headers.emplace("Authorization", question.authorization);
  }
  HttpAnswer answer;
  request.response_handler = [&](const httplib::Response& head) {
    ReadBody(head, answer.body);
    return false;  // There is nothing left that httplib could read.
  };
  httplib::Response head;
  httplib::Error error{};
  try {
    if (send(request, head, error) && !body_end_) {  // 204: httplib asks no handler.
      body_end_ = HttpBody::End::kWhole;
      reusable_ = MayBeKept(head) && !connection_.HasBuffered();
    }
  } catch (const std::exception& e) {
    return Fail(Reason::kBadAnswer, std::string("the answer is not HTTP: ") + e.what());
  }
  connection_.Rest();
  answer.status = head.status;
  // What the failure's words are is worth little: the status alone is an answer.
  if (body_end_ && !Good(head.status)) return answer;
  if (body_end_ != HttpBody::End::kWhole) return std::unexpected(Failure());
  const std::string encoding = head.get_header_value("Content-Encoding");
  if (!encoding.empty() && strcasecmp(encoding.c_str(), "identity") != 0) {
    return Fail(Reason::kBadAnswer, "the answer is encoded as " + CleanText(encoding, 20) +
                                        ", which was not asked for");
  }
  return answer;
}

}  // namespace

Result<std::unique_ptr<HttpLink>> HttpLink::Connect(HttpPeer& peer, const Deadline& deadline) {
  auto socket = ConnectTcp(peer.url.host, peer.url.port, deadline);
  if (!socket) return std::unexpected(socket.error());
  Ssl ssl;
  if (peer.url.Tls()) {
    auto made = peer.NewSsl(socket->Fd());
    if (!made) return std::unexpected(made.error());
    ssl = std::move(*made);
  }
  const bool tls = ssl != nullptr;
  auto link = std::make_unique<Link>(peer, std::move(*socket), std::move(ssl));
  if (tls) {
    if (const auto shaken = link->Handshake(deadline); !shaken) {
      return std::unexpected(shaken.error());
    }
  }
  return link;
}

}  // namespace stakewatch
