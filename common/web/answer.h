#pragma once
// One request on one connection, from its first byte to the last of its answer: parsed and written
// by cpp-httplib, through its protected hook (docs/adr/0003).
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/deadline.h"
#include "common/net/stream.h"
#include "common/own_metrics.h"
#include "common/web/settings.h"
#include "common/web/web.h"

namespace stakewatch {

// What one answer depends on besides the request.
struct WebExchange {
  Connection& connection;
  const WebVersion& version;
  std::string address;             // Where failed logins are counted: see BasicAuth::Check.
  Deadline answer_until;           // The connection's own deadline is that of the request.
  std::function<void()> on_asked;  // Called when the request has been read.
};

// Serves one exchange at a time. httplib's hooks do not tell which connection they are about, so
// each thread has an object of its own, which knows.
class WebAnswerer {
 public:
  virtual ~WebAnswerer() = default;
  virtual void Serve(WebExchange exchange) = 0;
};

// All of them outlive it.
std::unique_ptr<WebAnswerer> MakeWebAnswerer(const std::map<std::string, WebHandler>& handlers,
                                             const std::map<std::string, WebPost>& posts,
                                             OwnMetrics& own);

// Whether the value of an Accept-Encoding header allows gzip. A q-value that cannot be read is no.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace stakewatch
