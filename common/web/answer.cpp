#include "common/web/answer.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include <httplib.h>

#include "common/number.h"
#include "common/page.h"

namespace stakewatch {
namespace {

// For an answer of a few bytes to a peer that used up its time.
constexpr milliseconds kLastWordTime(200);

// A connection as httplib sees it.
class HttplibStream : public httplib::Stream {
 public:
  explicit HttplibStream(Connection& connection) : connection_(connection) {}

  bool is_readable() const override { return connection_.Readable(); }
  bool is_writable() const override { return connection_.Writable(); }
  ssize_t read(char* to, size_t size) override { return connection_.Read(to, size); }
  ssize_t write(const char* from, size_t size) override {
    return connection_.Write(from, size) ? static_cast<ssize_t>(size) : -1;
  }
  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  // httplib answers 500 to any descriptor above 1023, which it would give to select().
  socket_t socket() const override { return 0; }

 private:
  Connection& connection_;
};

WebAnswer Plain(int status, std::string text) {
  WebAnswer answer;
  answer.status = status;
  answer.body = std::move(text);
  return answer;
}

std::string AllOf(const httplib::Request& request, const char* name) {
  std::string all;
  const auto [first, last] = request.headers.equal_range(name);
  for (auto at = first; at != last; ++at) all += (all.empty() ? "" : ",") + at->second;
  return all;
}

// A text body would be compressed once more by httplib; what a provider gives is sent as it is.
void SetBody(httplib::Response& response, const std::string& content_type, std::string body) {
  if (body.empty()) {
    response.set_header("Content-Type", content_type);
    return;
  }
  const auto kept = std::make_shared<const std::string>(std::move(body));
  response.set_content_provider(
      kept->size(), content_type,
      [kept](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        return sink.write(kept->data() + offset, length);
      });
}

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

bool SameWord(std::string_view text, std::string_view lower) {
  return std::ranges::equal(
      text, lower, [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

bool IsJson(std::string_view content_type) {
  return SameWord(Trimmed(content_type.substr(0, content_type.find(';'))), "application/json");
}

// Of a body that is sent as it is; none if that is not said, or not clearly.
std::optional<std::size_t> BodyLength(const httplib::Request& request) {
  if (request.has_header("Transfer-Encoding")) return std::nullopt;
  return WholeNumber<std::size_t>(AllOf(request, "Content-Length"));
}

class HttplibAnswerer final : public WebAnswerer, private httplib::Server {
 public:
  HttplibAnswerer(const std::map<std::string, WebHandler>& handlers,
                  const std::map<std::string, WebPost>& posts, OwnMetrics& own)
      : handlers_(handlers), posts_(posts), own_(own) {
    // Any number: httplib writes no body while it takes itself for stopped.
    svr_sock_ = 0;
    // Before httplib's own routing, which matches regular expressions and reads bodies.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      Answer(request, response);
      return HandlerResponse::Handled;
    });
    set_post_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      BeforeSending(request, response);
    });
    // By default the exception's text is sent in a header.
    set_exception_handler([](const auto&, httplib::Response& response, const std::exception_ptr&) {
      response.status = 500;
    });
  }

  void Serve(WebExchange exchange) override {
    exchange_ = &exchange;
    HttplibStream stream(exchange.connection);
    try {
      Process(*this, stream);
      exchange_ = nullptr;
    } catch (...) {
      exchange_ = nullptr;  // No memory for what this peer asks: it gets no answer.
    }
  }

 private:
  // A template, so that the call which this httplib does not have is no error.
  template <class Self>
  void Process(Self& self, HttplibStream& stream) {
    bool closed = false;
    const std::function<void(httplib::Request&)> prepare = [this](httplib::Request& request) {
      Prepare(request);
    };
    if constexpr (requires { self.process_request(stream, true, closed, prepare); }) {
      self.process_request(stream, true, closed, prepare);  // 0.11.4
    } else {
      self.process_request(stream, "", 0, "", 0, true, closed, prepare);  // 0.18.7
    }
  }

  void Prepare(httplib::Request& request) {
    request.ranges.clear();  // A page has no ranges; thousands of them cost memory.
    // No body is ever asked for; who waits for that sends it a second later.
    request.headers.erase("Expect");
    // A body that is still to come has the time of the request, too.
    if (!posts_.contains(request.path)) Asked();
  }

  void Asked() {
    exchange_->connection.ExtendTo(exchange_->answer_until);
    exchange_->on_asked();
  }

  void Answer(const httplib::Request& request, httplib::Response& response) {
    WebAnswer answer;
    try {
      answer = Ask(request, response);
    } catch (...) {
      answer = Plain(500, "");
    }
    response.status = answer.status;
    if (answer.compress) {
      response.set_header("Vary", "Accept-Encoding");
      if (!answer.body.empty() && AcceptsGzip(AllOf(request, "Accept-Encoding"))) {
        answer.body = Gzip(answer.body);
        response.set_header("Content-Encoding", "gzip");
      }
    }
    SetBody(response, answer.content_type, std::move(answer.body));
  }

  WebAnswer Ask(const httplib::Request& request, httplib::Response& response) {
    const WebVersion& version = exchange_->version;
    if (version.rate_limit && !version.rate_limit->Take()) return Plain(429, "Too many requests\n");
    if (const auto post = posts_.find(request.path); post != posts_.end()) {
      return Take(post->second, request, response);
    }
    if (version.auth) {
      const auto verdict =
          version.auth->Check(request.get_header_value("Authorization"), exchange_->address);
      if (verdict == BasicAuth::Verdict::kTooMany) {
        response.set_header("Retry-After", "2");
        return Plain(429, "Too many failed logins\n");
      }
      if (verdict == BasicAuth::Verdict::kWrong) {
        response.set_header("WWW-Authenticate", "Basic realm=\"stakewatch\", charset=\"UTF-8\"");
        return Plain(401, "Unauthorized\n");
      }
    }
    if (request.method != "GET" && request.method != "HEAD") {
      response.set_header("Allow", "GET, HEAD");
      return Plain(405, "Method not allowed\n");
    }
    const auto handler = handlers_.find(request.path);
    if (handler == handlers_.end()) return Plain(404, "Not found\n");
    return handler->second({request.path, request.params,
                            request.get_header_value("X-Prometheus-Scrape-Timeout-Seconds")});
  }

  WebAnswer Take(const WebPost& post, const httplib::Request& request,
                 httplib::Response& response) {
    if (request.method != "POST") {
      response.set_header("Allow", "POST");
      return Plain(405, "Method not allowed\n");
    }
    if (!post.allowed(request.get_header_value("Authorization"))) {
      response.set_header("WWW-Authenticate", "Bearer realm=\"stakewatch\"");
      return Plain(401, "Unauthorized\n");
    }
    if (!IsJson(request.get_header_value("Content-Type"))) {
      return Plain(415, "Content-Type: application/json is right\n");
    }
    const auto length = BodyLength(request);
    if (!length) return Plain(411, "Content-Length is missing, or not one number\n");
    if (*length > post.body_bytes_max) return Plain(413, "The body is too long\n");
    std::string body(*length, '\0');
    exchange_->connection.Allow(*length);
    for (std::size_t done = 0; done < *length;) {
      const ssize_t n = exchange_->connection.Read(body.data() + done, *length - done);
      if (n <= 0) return Plain(400, "The body is not whole\n");
      done += static_cast<std::size_t>(n);
    }
    Asked();
    return post.handler({request.path, request.params, "", std::move(body)});
  }

  // Of every answer, also of those that httplib gives itself to what it cannot read.
  void BeforeSending(const httplib::Request& /*request*/, httplib::Response& response) {
    Connection& connection = exchange_->connection;
    if (response.status == 400 && connection.Why() == Connection::End::kBudget) {
      response.status = 431;
    } else if (response.status == 400 && connection.Why() == Connection::End::kTimeout) {
      response.status = 408;
      connection.ExtendTo(Deadline(kLastWordTime));
    }
    response.headers.erase("Accept-Ranges");  // httplib's own idea about HEAD.
    std::map<std::string, std::string> headers{{"X-Content-Type-Options", "nosniff"}};
    if (response.get_header_value("Content-Type").starts_with("text/html")) {
      headers.emplace("Content-Security-Policy",
                      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                      "form-action 'none'; frame-ancestors 'none'");
    }
    for (const auto& [name, value] : exchange_->version.config.headers) headers[name] = value;
    for (const auto& [name, value] : headers) response.set_header(name, value);
    own_.CounterOf(kWebRequests, std::to_string(response.status)).Increment();
  }

  const std::map<std::string, WebHandler>& handlers_;
  const std::map<std::string, WebPost>& posts_;
  OwnMetrics& own_;
  WebExchange* exchange_ = nullptr;  // The one being served.
};

// The text up to `separator`, which is taken off `rest` with it.
std::string_view TakeTo(char separator, std::string_view& rest) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view taken = Trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

// Of "q=0.5": above zero. Nothing at all is q=1.
bool Wanted(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view value = TakeTo(';', parameters);
    if (!SameWord(TakeTo('=', value), "q")) continue;
    if (!value.starts_with('0') && !value.starts_with('1')) return false;
    return value.find_first_not_of("0123456789.") == std::string_view::npos &&
           value.find_first_of("123456789") != std::string_view::npos;
  }
  return true;
}

}  // namespace

std::unique_ptr<WebAnswerer> MakeWebAnswerer(const std::map<std::string, WebHandler>& handlers,
                                             const std::map<std::string, WebPost>& posts,
                                             OwnMetrics& own) {
  return std::make_unique<HttplibAnswerer>(handlers, posts, own);
}

bool AcceptsGzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view parameters = TakeTo(',', accept_encoding);
    const std::string_view coding = TakeTo(';', parameters);
    if (SameWord(coding, "gzip") || SameWord(coding, "x-gzip")) return Wanted(parameters);
    if (coding == "*") any = Wanted(parameters);
  }
  return any;
}

}  // namespace stakewatch
