#pragma once
// A server on a free port and raw sockets to talk to it, for the tests of common/web*.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <doctest/doctest.h>

#include "common/net/net.h"
#include "common/own_metrics.h"
#include "common/page.h"
#include "common/web/web.h"

namespace stakewatch::testing {

using namespace std::chrono_literals;

// True as soon as the condition holds, false after ten seconds.
inline bool Eventually(const std::function<bool()>& condition) {
  const Deadline until(10s);
  while (!condition()) {
    if (until.Over()) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

struct Reply {
  int status = 0;
  std::multimap<std::string, std::string> headers;
  std::string body;

  std::string Header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

inline Reply ParseReply(std::string_view text) {
  Reply reply;
  if (!text.starts_with("HTTP/1.1 ") || text.size() < 12) return reply;
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return reply;
  reply.status = std::stoi(std::string(text.substr(9, 3)));
  std::string_view head = text.substr(0, end + 2);
  head.remove_prefix(head.find("\r\n") + 2);
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const std::size_t colon = line.find(": ");
    REQUIRE(colon != std::string_view::npos);
    reply.headers.emplace(line.substr(0, colon), line.substr(colon + 2));
    head.remove_prefix(line.size() + 2);
  }
  reply.body = text.substr(end + 4);
  return reply;
}

class RawClient {
 public:
  explicit RawClient(const std::string& address) {
    const auto at = ParseHostPort(address);
    REQUIRE(at);
    auto connected = ConnectTcp(at->host, at->port, Deadline(10s));
    REQUIRE(connected);
    socket_ = std::move(*connected);
  }
  int Fd() const { return socket_.Fd(); }
  // False when the peer closed.
  bool Send(std::string_view text) {
    while (!text.empty()) {
      if (!WaitFor(Fd(), POLLOUT, Deadline(20s))) return false;
      const ssize_t n = ::send(Fd(), text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void EndSending() { ::shutdown(Fd(), SHUT_WR); }
  // Until the end, or an error, or 20 s.
  std::string ReadAll() {
    std::string all;
    while (WaitFor(Fd(), POLLIN, Deadline(20s))) {
      char some[4096];
      const ssize_t n = ::recv(Fd(), some, sizeof some, 0);
      if (n <= 0) break;
      all.append(some, static_cast<std::size_t>(n));
    }
    return all;
  }

 private:
  Socket socket_;
};

inline Reply Fetch(const std::string& address, std::string_view request) {
  RawClient client(address);
  client.Send(request);
  return ParseReply(client.ReadAll());
}

inline std::string Get(const std::string& path, const std::string& more_headers = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + more_headers + "\r\n";
}

inline WebOptions OnAnyPort() {
  WebOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  return options;
}

// Started with handlers for "/" (a page of HTML), "/metrics" (compressed), "/echo" (the query),
// "/throws", and those given.
struct TestServer {
  explicit TestServer(const WebOptions& options = OnAnyPort(),
                      std::map<std::string, WebHandler> handlers = {}) {
    handlers.emplace("/", [](const WebRequest&) {
      return WebAnswer{200, "text/html; charset=utf-8", "<p>hello", false};
    });
    handlers.emplace("/metrics", [](const WebRequest&) {
      return WebAnswer{200, std::string(kPageContentType), Page(), true};
    });
    handlers.emplace("/echo", [](const WebRequest& request) {
      WebAnswer answer;
      for (const auto& [key, value] : request.query) {
        answer.body.append(key).append("=").append(value).append("\n");
      }
      answer.body += "timeout=" + request.scrape_timeout + "\n";
      return answer;
    });
    handlers.emplace("/throws",
                     [](const WebRequest&) -> WebAnswer { throw std::runtime_error("secret"); });
    auto started = WebServer::Start(options, std::move(handlers), own);
    if (!started) FAIL(started.error().what);
    server = *std::move(started);
    address = server->Addresses().front();
  }
  static std::string Page() {
    std::string page;
    for (int i = 0; i < 1000; ++i) {
      page.append("try_value{n=\"").append(std::to_string(i)).append("\"} 1\n");
    }
    return page;
  }
  double Counted(const std::string& code) { return own.CounterOf(kWebRequests, code).Value(); }

  OwnMetrics own;
  std::unique_ptr<WebServer> server;
  std::string address;
};

}  // namespace stakewatch::testing
