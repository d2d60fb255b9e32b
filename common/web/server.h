#pragma once
// Accepts connections on several sockets and has them served by a pool of threads.
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/net/net.h"
#include "common/web/answer.h"
#include "common/web/live.h"
#include "common/web/pool.h"
#include "common/web/settings.h"
#include "common/web/web.h"

namespace stakewatch {

class PooledWebServer final : public WebServer {
 public:
  PooledWebServer(const WebOptions& options, std::map<std::string, WebHandler> handlers,
                  std::vector<Socket> listeners, std::unique_ptr<WebSettings> settings, Socket wake,
                  OwnMetrics& own, std::map<std::string, WebPost> posts);
  ~PooledWebServer() override;

  std::vector<std::string> Addresses() const override;
  void Stop() override;

 private:
  void Accept();
  bool MakeRoom();  // False when Stop came first.
  void AcceptFrom(int listener);
  void Serve(Socket socket, WebAnswerer& answerer);
  void Exchange(LiveConnections::Entry& entry, WebAnswerer& answerer);

  const WebOptions options_;
  const std::map<std::string, WebHandler> handlers_;
  const std::map<std::string, WebPost> posts_;
  OwnMetrics& own_;
  std::vector<Socket> listeners_;
  std::vector<std::string> addresses_;
  std::unique_ptr<WebSettings> settings_;
  Socket wake_;  // An eventfd: written to once, when the accepting thread is to end.
  std::mutex stopping_;
  LiveConnections live_;
  WebPool pool_;
  bool out_of_descriptors_ = false;  // Of the accepting thread: said once.
  std::thread accepting_;
};

}  // namespace stakewatch
