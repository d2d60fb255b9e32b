#pragma once
// The HTTP side of an exporter: cpp-httplib's router and parser on sockets, threads, deadlines and
// TLS of our own (docs/adr/0003). httplib alone can neither listen twice, bound a dripping request,
// nor reload certificates.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/own_metrics.h"
#include "common/result.h"

namespace stakewatch {

struct WebRequest {
  std::string path;
  std::multimap<std::string, std::string> query;
  std::string scrape_timeout;  // The header X-Prometheus-Scrape-Timeout-Seconds, as it came.
  std::string body = {};       // Of a POST to a path that takes one.
};

struct WebAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  bool compress = false;  // gzip level 1, when the client asked for it.
};

struct WebOptions {
  std::vector<std::string> listen_addresses;  // host:port, [v6]:port or :port (all addresses).
  std::string config_file;                    // The ecosystem's web configuration; empty: none.
  std::size_t max_requests = 200;  // At the same time; more wait in the kernel's backlog.
  std::chrono::milliseconds request_timeout{5000};  // From accept until the request is read.
  std::chrono::milliseconds answer_timeout{70000};  // From accept until the answer is written.
};

using WebHandler = std::function<WebAnswer(const WebRequest&)>;

// A path that takes JSON by POST, and nothing else. Exporters have none. Its own credentials guard
// it, not the users of the web configuration: a header says but one of them.
struct WebPost {
  // Whether who sent this header Authorization may. Asked before the body is read.
  std::function<bool(std::string_view authorization)> allowed;
  std::size_t body_bytes_max = 0;
  WebHandler handler;
};

// Serves GET and HEAD of the given paths, and POST of those in `posts`, from construction to Stop.
class WebServer {
 public:
  // What ended the start: an address that cannot be had (exit status 3) or a bad option (2).
  struct StartError {
    int exit_status;
    std::string what;
  };
  // Handlers run on several threads at once; an exception in one is a bare 500.
  static std::expected<std::unique_ptr<WebServer>, StartError> Start(
      const WebOptions& options, std::map<std::string, WebHandler> handlers, OwnMetrics& own,
      std::map<std::string, WebPost> posts = {});

  virtual ~WebServer() = default;
  // The addresses with the ports that were really bound (":0" asks for any free one).
  virtual std::vector<std::string> Addresses() const = 0;
  virtual void Stop() = 0;  // Waits for answers that are being made.
};

// For --check-config: reads the web configuration and all files it names.
Checked<void> CheckWebConfig(const std::string& config_file);

inline constexpr auto kWebRequests =
    Counter("stakewatch_web_requests_total", "Requests answered, by HTTP status code.", "code");
inline constexpr auto kWebConfigReloadFailures =
    Counter("stakewatch_web_config_reload_failures_total",
            "Times a changed web configuration could not be read; the last good one is kept.");
inline constexpr auto kWebMetrics = Table(kWebRequests, kWebConfigReloadFailures);

}  // namespace stakewatch
