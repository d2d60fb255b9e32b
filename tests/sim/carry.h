#pragma once
// How an answer travels: the faults of HTTP and of the transport.
#include "tests/sim/faults.h"
#include "tests/sim/http.h"
#include "tests/sim/out_queue.h"
#include "tests/sim/rpc.h"

namespace stakewatch::sim {

enum class Face : unsigned char {
  kHttp,
  kWs,
  kIpc,
  kControl,
  kWebhook,
  kBeacon,
  kValidator,
  kSupervisord,
  kJormungandr,
  kSupervisor,  // Lines, no HTTP.
  kForward      // HTTP through a tunnel of the supervisor.
};

// Puts `body` into `out` as `fault` demands. Over IPC and WebSocket, which have no status and no
// headers, a fault of HTTP's ends the connection, and an endless one is an endless value.
// Not for kHang, which is the connection's. `head` is that of the sound answer over HTTP.
void Carry(const Fault& fault, Face face, const Pieces& body, bool keep_alive, OutQueue& out,
           const HttpHead& head = {});

// JSON, one value after the other.
inline bool IsLines(Face face) {
  return face == Face::kIpc || face == Face::kSupervisor;
}
// Speaks HTTP, with status and headers.
inline bool IsHttp(Face face) {
  return face != Face::kWs && !IsLines(face);
}

}  // namespace stakewatch::sim
