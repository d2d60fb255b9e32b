#include "common/redis.h"

#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <utility>

#include <hiredis/hiredis.h>

#include "common/net/client_tls.h"
#include "common/net/stream.h"
#include "common/secrets.h"
#include "common/text.h"
#include "common/upstream/upstream.h"

namespace stakewatch {
namespace {

constexpr std::size_t kReadBytes = 4 << 10;
constexpr std::size_t kAnswerBytesMax = 256 << 10;  // INFO has some 6 KiB.
constexpr std::size_t kErrorBytesMax = 200;

struct FreeReader {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

// As Redis reads it: each word with its length, so that a key may have any bytes.
void Append(std::string& text, std::span<const std::string_view> words) {
  std::vector<const char*> begins;
  std::vector<std::size_t> lengths;
  for (const std::string_view word : words) {
    begins.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* formatted = nullptr;
  const auto size = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()),
                                           begins.data(), lengths.data());
  if (size > 0) text.append(formatted, static_cast<std::size_t>(size));
  redisFreeCommand(formatted);
}

std::unexpected<Error> Unexpected(std::string_view asked) {
  return Fail(Reason::kBadAnswer, "another kind of answer to " + std::string(asked));
}

}  // namespace

struct Redis::Reply {
  std::unique_ptr<redisReply, FreeReply> reply;

  std::string_view Text() const { return {reply->str, static_cast<std::size_t>(reply->len)}; }
  Result<std::uint64_t> Count(std::string_view asked) const {
    if (reply->type != REDIS_REPLY_INTEGER || reply->integer < 0) return Unexpected(asked);
    return static_cast<std::uint64_t>(reply->integer);
  }
};

struct Redis::Link {
  Link(Socket connected, SslCtx context, Ssl session)
      : socket(std::move(connected)),
        ctx(std::move(context)),
        ssl(std::move(session)),
        connection(socket.Fd(), ssl.get(), kReadBytes),
        reader(redisReaderCreate()) {}

  Socket socket;
  SslCtx ctx;
  Ssl ssl;
  Connection connection;
  std::unique_ptr<redisReader, FreeReader> reader;

  Error Failure() const {
    switch (connection.Why()) {
      case Connection::End::kTimeout:
        return {Reason::kTimeout, "no answer in time"};
      case Connection::End::kBudget:
        return {Reason::kBadAnswer,
                "an answer of more than " + std::to_string(kAnswerBytesMax) + " bytes"};
      case Connection::End::kTls:
        return {Reason::kTls, connection.WhyText()};
      default:
        return {Reason::kUnreachable, connection.WhyText()};
    }
  }

  Result<Reply> Next() {
    for (;;) {
      void* got = nullptr;
      if (redisReaderGetReply(reader.get(), &got) != REDIS_OK) {
        return Fail(Reason::kBadAnswer,
                    "no answer of a Redis: " + CleanText(reader->errstr, kErrorBytesMax));
      }
      if (got != nullptr) {
        return Reply{std::unique_ptr<redisReply, FreeReply>(static_cast<redisReply*>(got))};
      }
      std::array<char, kReadBytes> some{};
      const ssize_t n = connection.Read(some.data(), some.size());
      if (n <= 0) return std::unexpected(Failure());
      redisReaderFeed(reader.get(), some.data(), static_cast<std::size_t>(n));
    }
  }
};

Redis::Redis(RedisTarget target) : target_(std::move(target)) {}
Redis::~Redis() = default;

Result<void> Redis::Connect(const Deadline& deadline) {
  link_.reset();
  auto socket = target_.socket.empty() ? ConnectTcp(target_.tcp.host, target_.tcp.port, deadline)
                                       : ConnectUnix(target_.socket, deadline);
  if (!socket) return std::unexpected(std::move(socket.error()));
  SslCtx ctx;
  Ssl ssl;
  if (target_.tls) {
    ctx = ClientSslCtx(target_.tcp.host);
    UpstreamOptions files;
    files.ca_file = target_.options.ca_file;
    if (const auto loaded = LoadCertificates(ctx.get(), files); !loaded) {
      return Fail(Reason::kTls, loaded.error());
    }
    ssl.reset(SSL_new(ctx.get()));
    if (ssl == nullptr || SSL_set_fd(ssl.get(), socket->Fd()) != 1) {
      return Fail(Reason::kTls, OpenSslError());
    }
    SSL_set_tlsext_host_name(ssl.get(), target_.tcp.host.c_str());
    SSL_set_connect_state(ssl.get());
    // With it, SSL_read would stay in a stream of records without content past any deadline.
    SSL_clear_mode(ssl.get(), SSL_MODE_AUTO_RETRY);
  }
  auto link = std::make_unique<Link>(std::move(*socket), std::move(ctx), std::move(ssl));
  if (link->reader == nullptr) return Fail(Reason::kUnreachable, "no memory for a reader");
  link->connection.Start(deadline, kAnswerBytesMax);
  if (target_.tls && !link->connection.Handshake()) {
    Error why = link->Failure();
    if (why.reason != Reason::kTimeout) why.reason = Reason::kTls;
    return std::unexpected(std::move(why));
  }
  link_ = std::move(link);
  std::string secret;
  std::vector<Command> commands;
  if (!target_.options.password_file.empty()) {
    auto read = ReadSecret(target_.options.password_file);
    if (!read) {
      link_.reset();
      return Fail(Reason::kUnreachable, read.error());
    }
    secret = std::move(*read);
    commands.push_back({"AUTH"});
    if (!target_.options.username.empty()) commands.back().push_back(target_.options.username);
    commands.back().push_back(secret);
  }
  if (!target_.database.empty()) commands.push_back({"SELECT", target_.database});
  if (commands.empty()) return {};
  // Who is not let in starts again from here.
  auto done = Exchange(commands, deadline);
  if (done) return {};
  link_.reset();
  return std::unexpected(std::move(done.error()));
}

Result<std::vector<Redis::Reply>> Redis::Exchange(std::span<const Command> commands,
                                                  const Deadline& deadline) {
  std::string text;
  for (const Command& command : commands) Append(text, command);
  link_->connection.Start(deadline, kAnswerBytesMax);
  const auto lost = [&](Error why) {
    link_.reset();
    return std::unexpected(std::move(why));
  };
  if (!link_->connection.Write(text.data(), text.size())) return lost(link_->Failure());
  std::vector<Reply> replies;
  std::optional<Error> refused;
  // All of them are read, so that what is asked next is not answered by one of these.
  for (const Command& command : commands) {
    auto reply = link_->Next();
    if (!reply) return lost(std::move(reply.error()));
    if (reply->reply->type == REDIS_REPLY_ERROR && !refused) {
      refused = Error{Reason::kQueryError, std::string(command.front()) + ": " +
                                               CleanText(reply->Text(), kErrorBytesMax)};
    }
    replies.push_back(std::move(*reply));
  }
  if (refused) return std::unexpected(std::move(*refused));
  return replies;
}

Result<std::vector<Redis::Reply>> Redis::Ask(std::span<const Command> commands,
                                             const Deadline& deadline) {
  const bool kept = link_ != nullptr;
  const auto named = [&](Error why) {
    why.what = target_.Name() + ": " + why.what;
    return std::unexpected(std::move(why));
  };
  if (kept) {
    auto replies = Exchange(commands, deadline);
    if (replies) return replies;
    // A server that was started again has closed what was kept.
    if (replies.error().reason != Reason::kUnreachable) return named(std::move(replies.error()));
  }
  if (auto connected = Connect(deadline); !connected) return named(std::move(connected.error()));
  auto replies = Exchange(commands, deadline);
  if (!replies) return named(std::move(replies.error()));
  return replies;
}

Result<void> Redis::Ping(const Deadline& deadline) {
  const auto replies = Ask({{Command{"PING"}}}, deadline);
  if (!replies) return std::unexpected(replies.error());
  if (replies->front().reply->type != REDIS_REPLY_STATUS) return Unexpected("PING");
  return {};
}

Result<std::vector<std::uint64_t>> Redis::ListLengths(std::span<const std::string> keys,
                                                      const Deadline& deadline) {
  std::vector<Command> commands;
  for (const std::string& key : keys) commands.push_back({"LLEN", key});
  const auto replies = Ask(commands, deadline);
  if (!replies) return std::unexpected(replies.error());
  std::vector<std::uint64_t> lengths;
  for (const Reply& reply : *replies) {
    const auto length = reply.Count("LLEN");
    if (!length) return std::unexpected(length.error());
    lengths.push_back(*length);
  }
  return lengths;
}

Result<std::uint64_t> Redis::HashLength(std::string_view key, const Deadline& deadline) {
  const auto replies = Ask({{Command{"HLEN", key}}}, deadline);
  if (!replies) return std::unexpected(replies.error());
  return replies->front().Count("HLEN");
}

Result<std::optional<double>> Redis::LowestScore(std::string_view key, const Deadline& deadline) {
  const auto replies = Ask({{Command{"ZRANGE", key, "0", "0", "WITHSCORES"}}}, deadline);
  if (!replies) return std::unexpected(replies.error());
  const redisReply& reply = *replies->front().reply;
  if (reply.type != REDIS_REPLY_ARRAY) return Unexpected("ZRANGE");
  if (reply.elements == 0) return std::optional<double>();
  if (reply.elements != 2 || reply.element[1]->type != REDIS_REPLY_STRING) {
    return Unexpected("ZRANGE");
  }
  const redisReply& score = *reply.element[1];
  double number = 0;
  const char* const end = score.str + score.len;
  const auto [at, error] = std::from_chars(score.str, end, number);
  if (error != std::errc() || at != end || !std::isfinite(number)) return Unexpected("ZRANGE");
  return std::optional(number);
}

Result<RedisInfo> Redis::Info(const Deadline& deadline) {
  const auto replies = Ask({{Command{"INFO"}}}, deadline);
  if (!replies) return std::unexpected(replies.error());
  if (replies->front().reply->type != REDIS_REPLY_STRING) return Unexpected("INFO");
  RedisInfo info;
  std::string_view rest = replies->front().Text();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::size_t colon = line.find(':');
    if (line.starts_with('#') || colon == std::string_view::npos) continue;
    info.emplace(line.substr(0, colon), line.substr(colon + 1));
  }
  return info;
}

}  // namespace stakewatch
