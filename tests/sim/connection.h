#pragma once
// One connection to any face, and the reading of one message from it.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/carry.h"
#include "tests/sim/geth.h"
#include "tests/sim/out_queue.h"
#include "tests/sim/world.h"

namespace stakewatch::sim {

struct Connection final : Subscriber {
  int fd = -1;
  std::uint64_t id = 0;
  Face face{};
  std::string in;  // Read, not yet answered.
  OutQueue out;
  int node = 0;
  int forward = 0;            // Of a tunnel: 0 and 1 the beacon nodes, 2 and 3 the Lokis.
  SupervisorSession session;  // Of the supervisor's RPC.
  bool websocket = false;     // The handshake is done.
  bool stream = false;        // Of events: nothing more is asked on it.
  std::optional<std::chrono::milliseconds> drip;  // Its events come a byte at a time.
  bool continued = false;  // "100 Continue" is sent for the request that is being read.
  bool frozen = false;     // Its next message waits until hang is cleared.
  bool eof = false;        // The peer sends nothing more.
  std::string fragments;   // Of a WebSocket message.
  std::vector<std::string> subscriptions;  // To newHeads; or the topics of a stream.
  std::uint32_t events = 0;                // What epoll watches for.
  std::optional<Clock::time_point> wake;

  std::string Subscribe() override;
  bool Unsubscribe(std::string_view subscription) override;

 private:
  std::uint64_t subscribed_ = 0;
};

enum class Step {
  kMore,    // The message is not complete.
  kDone,    // One message is answered, or needs no answer.
  kFreeze,  // Not answered, and left in `in`.
  kReset,
};

// Takes the first message from `connection.in` and puts its answer into `connection.out`.
Step TakeOne(World& world, Connection& connection);

// One event of the beacon node to a stream that wants it; false: this one does not.
bool PutEvent(Connection& connection, std::string_view topic, const std::string& data);

// The notification of one head to one subscription.
void PutHead(Connection& connection, const std::string& header_json);

}  // namespace stakewatch::sim
