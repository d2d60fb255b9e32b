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
#include "common/upstream/http_head.h"
#include "common/upstream/http_watch.h"

namespace stakewatch {
namespace {

constexpr std::size_t kHeadBytesMax = 64 << 10;
constexpr std::size_t kFrameBytesMax = 64 << 10;  // What chunks may add to a body, at the least.
// Taken and given back with each answer; from 64 KiB on, glibc's free() tidies the whole heap.
constexpr std::size_t kReadBytes = 32 << 10;
constexpr std::size_t kErrorBytesMax = 64 << 10;
constexpr milliseconds kErrorBodyTime{250};  // The words of a failure are worth no long wait.
// A connection in use every few seconds would never see a certificate or an address that changed.
constexpr std::chrono::minutes kLinkAgeMax{5};

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

bool Encoded(const httplib::Response& head) {
  const std::string encoding = head.get_header_value("Content-Encoding");
  return !encoding.empty() && strcasecmp(encoding.c_str(), "identity") != 0;
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
  Result<HttpAnswer> Ask(const HttpQuestion& question, const Deadline& deadline,
                         const std::optional<HttpPieces>& pieces) override;
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
    HttpHeadStream stream(connection_);
    return use(stream);
  }
  void ReadBody(const httplib::Response& head, const std::optional<HttpPieces>& pieces,
                std::string& body);
  void ReadGoodBody(const BodyFrame& frame, std::string& body);
  void ReadInPieces(const httplib::Response& head, const HttpPieces& pieces);
  Error Failure() const;

  HttpPeer& peer_;
  stakewatch::Socket socket_;
  Ssl ssl_;
  Connection connection_;
  Deadline young_until_{kLinkAgeMax};
  bool reusable_ = false;
  std::size_t large_bytes_ = 0;            // Room for the next large body, by the last one.
  std::optional<HttpBody::End> body_end_;  // Of the last answer; none when it has no whole head.
  std::uint64_t bytes_max_ = 0;            // Of its body,
  bool endless_ = false;                   // which is not expected to end.
  Error refusal_{Reason::kBadAnswer, ""};  // By the one who took its pieces.
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

void Link::ReadGoodBody(const BodyFrame& frame, std::string& body) {
  bytes_max_ = peer_.options.body_bytes_max;
  // Twice: the frame of chunks of a few bytes weighs as much as they do.
  connection_.Allow(kFrameBytesMax + 2 * bytes_max_);
  body_end_ = HttpBody::Read(connection_, frame, bytes_max_, large_bytes_, body);
  if (body.size() >= HttpBody::kLargeBytes) large_bytes_ = body.size() + body.size() / 8;
}

void Link::ReadInPieces(const httplib::Response& head, const HttpPieces& pieces) {
  if (pieces.begin) {
    const auto begun = pieces.begin(head.status, head.get_header_value("Content-Type"));
    if (!begun) {
      refusal_ = begun.error();
      body_end_ = HttpBody::End::kRefused;
      return;
    }
  }
  bytes_max_ = pieces.bytes_max;
  connection_.Allow(kFrameBytesMax + 2 * bytes_max_);
  endless_ = pieces.silence_max.has_value();
  WatchedPieces watched(pieces.to, connection_, pieces.silence_max);
  body_end_ = HttpBody::ReadInPieces(connection_, FrameOf(head), bytes_max_, watched, refusal_);
}

void Link::ReadBody(const httplib::Response& head, const std::optional<HttpPieces>& pieces,
                    std::string& body) {
  const BodyFrame frame = FrameOf(head);
  // A final answer to what was not asked (103), or one that has no body by definition.
  if (head.status < 200 || head.status == 304) {
    body_end_ = HttpBody::End::kWhole;
    reusable_ = head.status == 304 && MayBeKept(head);
    return;
  }
  if (!Good(head.status)) {
    const std::size_t bytes_max = std::min(peer_.options.body_bytes_max, kErrorBytesMax);
    connection_.ExtendTo(connection_.Until().Within(kErrorBodyTime));
    connection_.Allow(kFrameBytesMax + 2 * bytes_max);
    body_end_ = HttpBody::Read(connection_, frame, bytes_max, large_bytes_, body);
  } else if (pieces && Encoded(head)) {
    body_end_ = HttpBody::End::kWhole;  // Of which nobody wants a piece: the caller tells.
    return;
  } else if (pieces) {
    ReadInPieces(head, *pieces);
  } else {
    ReadGoodBody(frame, body);
  }
  reusable_ = body_end_ == HttpBody::End::kWhole && !HttpBody::UntilClosed(frame) &&
              MayBeKept(head) && !connection_.HasBuffered();
}

Error Link::Failure() const {
  if (body_end_ == HttpBody::End::kTooLong) {
    return {Reason::kBadAnswer,
            "the answer is longer than " + std::to_string(bytes_max_) + " bytes"};
  }
  if (body_end_ == HttpBody::End::kRefused) return refusal_;
  if (body_end_ == HttpBody::End::kBad) {
    return {Reason::kBadAnswer, "the answer's length or chunks are not HTTP"};
  }
  switch (connection_.Why()) {
    case Connection::End::kTimeout:
      return {Reason::kTimeout, endless_                      ? "no more of the answer in time"
                                : connection_.Received() == 0 ? "no answer in time"
                                                              : "no whole answer in time"};
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
      if (endless_) return {Reason::kUnreachable, connection_.WhyText()};
      return {Reason::kBadAnswer, "the answer is cut off"};
    case Connection::End::kNone:
      break;
  }
  return {Reason::kBadAnswer, "the answer is not HTTP"};
}

Result<HttpAnswer> Link::Ask(const HttpQuestion& question, const Deadline& deadline,
                             const std::optional<HttpPieces>& pieces) {
  reusable_ = false;
  endless_ = false;
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
                     {"Accept", question.accept},
                     {"Accept-Encoding", "identity"}};
  if (!question.body.empty()) request.headers.emplace("Content-Type", question.content_type);
  if (!question.authorization.empty()) {
    request.headers.emplace("Authorization", question.authorization);
  }
  HttpAnswer answer;
  request.response_handler = [&](const httplib::Response& head) {
    ReadBody(head, pieces, answer.body);
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
  if (Encoded(head)) {
    return Fail(Reason::kBadAnswer, "the answer is encoded as " +
                                        CleanText(head.get_header_value("Content-Encoding"), 20) +
                                        ", which was not asked for");
  }
  return answer;
}

}  // namespace

Result<std::unique_ptr<HttpLink>> HttpLink::Connect(HttpPeer& peer, const Deadline& deadline) {
  auto socket = ConnectTo(peer.url, deadline);
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
