// Messages of all faces.
#include "tests/sim/connection.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "tests/sim/beacon_api.h"
#include "tests/sim/control.h"
#include "tests/sim/http.h"
#include "tests/sim/jormungandr.h"
#include "tests/sim/spoil.h"
#include "tests/sim/supervisor.h"
#include "tests/sim/supervisord.h"
#include "tests/sim/validator_client.h"
#include "tests/sim/websocket.h"

namespace stakewatch::sim {
namespace {

constexpr std::string_view kPrefix = "/node/";
constexpr std::size_t kMessageBytesMax = 32U << 20;
constexpr std::chrono::milliseconds kDripInterval{200};

// The node that a path names; none: 404.
std::optional<int> NodeOf(std::string_view path, int nodes) {
  if (path.empty() || path == "/") return 0;
  if (!path.starts_with(kPrefix)) return std::nullopt;
  int node = -1;
  const char* const end = path.data() + path.size();
  const auto parsed = std::from_chars(path.data() + kPrefix.size(), end, node);
  const std::string_view rest(parsed.ptr, end);
  if (parsed.ec != std::errc() || !(rest.empty() || rest == "/")) return std::nullopt;
  if (node < 0 || node >= nodes) return std::nullopt;
  return node;
}

void CountCalls(World& world, const RpcReply& reply) {
  for (const std::string& method : reply.methods) world.CountCall(method);
}

bool IsJson(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  return type == "application/json" || type == "application/json-rpc" ||
         type == "application/jsonrequest";
}

Step AnswerHttpRpc(World& world, Connection& connection, const HttpRequest& request) {
  RpcReply reply = AnswerRpc(world.Node(connection.node), world.Faults(), connection.node,
                             request.body, nullptr, UnixNow());
  CountCalls(world, reply);
  if (reply.carried) {
    if (reply.carried->kind == Kind::kHang) return Step::kFreeze;
    Carry(*reply.carried, Face::kHttp, reply.body, request.keep_alive, connection.out);
    return Step::kDone;
  }
  if (reply.parse_error) {
    // Geth writes this one by another path, with the length first.
    connection.out.Add("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(Bytes(reply.body)) +
                       "\r\nContent-Type: application/json\r\n" + std::string(DateLine()) + "\r\n" +
                       Join(reply.body));
  } else {
    connection.out.Add(HttpAnswer(std::move(reply.body), request.keep_alive));
  }
  return Step::kDone;
}

Step AnswerNodeHttp(World& world, Connection& connection, const HttpRequest& request) {
  const auto node = NodeOf(request.path, world.Nodes());
  if (!node) {
    connection.out.Add(
        HttpText("404 Not Found", "text/plain; charset=utf-8", "404 page not found\n"));
    return Step::kDone;
  }
  connection.node = *node;
  const FaultSet& faults = world.Faults();
  if (faults.Find(Kind::kStop, *node) != nullptr) return Step::kReset;
  const Fault* const carried = FindCarried(faults, *node, {});
  if (carried != nullptr && carried->kind == Kind::kHang) return Step::kFreeze;
  if (request.method == "POST" && IsJson(request.Header("content-type"))) {
    return AnswerHttpRpc(world, connection, request);
  }
  if (carried != nullptr) {
    Carry(*carried, Face::kHttp, {}, request.keep_alive, connection.out);
  } else if (request.method == "GET") {
    connection.out.Add(HttpText("200 OK", "", ""));
  } else if (request.method == "POST") {
    connection.out.Add(HttpText("415 Unsupported Media Type", "text/plain; charset=utf-8",
                                "invalid content type, only application/json is supported\n",
                                "X-Content-Type-Options: nosniff\r\n"));
  } else {
    connection.out.Add(HttpText("405 Method Not Allowed", "text/plain; charset=utf-8",
                                "method not allowed\n", "X-Content-Type-Options: nosniff\r\n"));
  }
  return Step::kDone;
}

Step AnswerHandshake(World& world, Connection& connection, const HttpRequest& request) {
  const auto node = NodeOf(request.path, world.Nodes());
  const std::string_view key = request.Header("sec-websocket-key");
  if (!node || key.empty()) {
    connection.out.Add(
        HttpText("404 Not Found", "text/plain; charset=utf-8", "404 page not found\n"));
    return Step::kDone;
  }
  connection.node = *node;
  if (world.Faults().Find(Kind::kStop, *node) != nullptr) return Step::kReset;
  if (const Fault* const carried = FindCarried(world.Faults(), *node, {})) {
    if (carried->kind == Kind::kHang) return Step::kFreeze;
    // What is no WebSocket answer spoils the handshake; the rest comes with the messages.
    if (carried->kind != Kind::kTruncated && carried->kind != Kind::kNotJson &&
        carried->kind != Kind::kEmpty && carried->kind != Kind::kEndlessBody &&
        carried->kind != Kind::kReset && carried->kind != Kind::kSlow &&
        carried->kind != Kind::kDrip) {
      Carry(*carried, Face::kHttp, {}, false, connection.out);
      return Step::kDone;
    }
  }
  connection.websocket = true;
  connection.out.Add(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
      AcceptKey(key) + "\r\n\r\n");
  return Step::kDone;
}

// A fault cannot be applied to more than this of a body that is made as it is read.
constexpr std::size_t kGeneratedBytesMax = 64U << 20;

void StartStream(Connection& connection, const BeaconReply& reply) {
  connection.stream = true;
  connection.subscriptions = reply.topics;
  connection.out.Add(Text(reply.head) + std::string(DateLine()) +
                     "Transfer-Encoding: chunked\r\n\r\n" + EventChunk({}, {}));
}

void StartGenerated(Connection& connection, BeaconReply& reply) {
  connection.out.Add(Text(reply.head) + std::string(DateLine()) +
                     "Transfer-Encoding: chunked\r\n\r\n");
  connection.out.Generate([body = std::move(reply.body), more = std::move(reply.more),
                           ended = false]() mutable -> std::string {
    if (ended) return {};
    const std::string piece = body.empty() ? more() : std::exchange(body, {});
    ended = piece.empty();
    std::array<char, 16> hex{};
    const auto end = std::to_chars(hex.begin(), hex.end(), piece.size(), 16).ptr;
    return std::string(hex.begin(), end) + "\r\n" + piece + "\r\n";
  });
}

// The beacon node and the validator client: one answer, as their faults have it.
Step AnswerApi(World& world, Connection& connection, const HttpRequest& request) {
  const bool beacon = connection.face == Face::kBeacon;
  connection.node = beacon ? kBeaconNode : kValidatorNode;
  const FaultSet& faults = world.Faults();
  if (faults.Find(Kind::kStop, connection.node) != nullptr) return Step::kReset;
  const Fault* const carried = FindCarried(faults, connection.node, request.path);
  if (carried != nullptr && carried->kind == Kind::kHang) return Step::kFreeze;
  world.CountCall(std::string(request.path.substr(0, 200)));
  BeaconReply reply = beacon ? AnswerBeacon(*world.Beacon(), request, UnixNow())
                             : AnswerValidatorClient(*world.Beacon(), request);
  const Fault* const spoil = FindSpoil(faults, connection.node, request.path);
  const bool drips = carried != nullptr && carried->kind == Kind::kDrip;
  if (!reply.topics.empty() && (carried == nullptr || drips)) {
    if (drips) connection.drip = ParseDuration(carried->value).value_or(kDripInterval);
    StartStream(connection, reply);
    return Step::kDone;
  }
  if (reply.more && carried == nullptr && spoil == nullptr) {
    StartGenerated(connection, reply);
    return Step::kDone;
  }
  while (reply.more && reply.body.size() < kGeneratedBytesMax) {
    const std::string piece = reply.more();
    if (piece.empty()) break;
    reply.body += piece;
  }
  if (spoil != nullptr) SpoilApi(*spoil, reply);
  if (carried != nullptr) {
    Carry(*carried, connection.face, {Share(std::move(reply.body))}, request.keep_alive,
          connection.out, reply.head);
  } else {
    connection.out.Add(HttpAnswer({Share(std::move(reply.body))}, request.keep_alive, reply.head));
  }
  return Step::kDone;
}

Step AnswerXmlRpc(World& world, Connection& connection, const HttpRequest& request) {
  connection.node = kSupervisordNode;
  const FaultSet& faults = world.Faults();
  if (faults.Find(Kind::kStop, connection.node) != nullptr) return Step::kReset;
  const std::string method = XmlRpcMethod(request).substr(0, 200);
  const Fault* const carried = FindCarried(faults, connection.node, method);
  if (carried != nullptr && carried->kind == Kind::kHang) return Step::kFreeze;
  world.CountCall(method);
  SupervisordReply reply = AnswerSupervisord(faults, request, world.Started(), UnixNow());
  if (carried != nullptr) {
    Carry(*carried, connection.face, {Share(std::move(reply.body))}, request.keep_alive,
          connection.out, reply.head);
  } else {
    connection.out.Add(
        HttpText(reply.head.status, reply.head.content_type, reply.body, reply.head.headers));
  }
  return Step::kDone;
}

Step AnswerTunnel(const World& world, Connection& connection) {
  const auto bastion = static_cast<std::size_t>(connection.forward) % kBastions.size();
  // A tunnel whose links are silent takes what it is given, and nothing comes back.
  if (RealityOf(world.Faults()).tunnels[bastion] == Reality::Tunnel::kSilent) return Step::kFreeze;
  connection.out.Add(AnswerForward(connection.forward / static_cast<int>(kBastions.size())));
  return Step::kDone;
}

Step AnswerJormungandr(World& world, Connection& connection, const HttpRequest& request) {
  std::string_view path = request.path;
  const auto node = Jormungandr::NodeOf(path);
  if (!node) {
    connection.out.Add(HttpText("404 Not Found", "", ""));
    return Step::kDone;
  }
  connection.node = kJormungandrNode - 1 - *node;
  const FaultSet& faults = world.Faults();
  if (faults.Find(Kind::kStop, connection.node) != nullptr) return Step::kReset;
  const Fault* const carried = FindCarried(faults, connection.node, path);
  if (carried != nullptr && carried->kind == Kind::kHang) return Step::kFreeze;
  world.CountCall(std::string(request.method) + " " + std::string(path.substr(0, 200)));
  BeaconReply reply = world.JormungandrNodes().Answer(*node, request.method, path, UnixNow());
  if (const Fault* const spoil = FindSpoil(faults, connection.node, path)) SpoilApi(*spoil, reply);
  const Pieces body = {Share(std::move(reply.body))};
  if (carried != nullptr) {
    Carry(*carried, connection.face, body, request.keep_alive, connection.out, reply.head);
  } else {
    connection.out.Add(HttpAnswer(body, request.keep_alive, reply.head));
  }
  return Step::kDone;
}

Step AnswerHttp(World& world, Connection& connection, const HttpRequest& request) {
  switch (connection.face) {
    case Face::kBeacon:
    case Face::kValidator:
      return AnswerApi(world, connection, request);
    case Face::kSupervisord:
      return AnswerXmlRpc(world, connection, request);
    case Face::kForward:
      return AnswerTunnel(world, connection);
    case Face::kJormungandr:
      return AnswerJormungandr(world, connection, request);
    case Face::kControl:
      connection.out.Add(AnswerControl(world, request));
      return Step::kDone;
    case Face::kWebhook:
      connection.out.Add(AnswerWebhook(world, request));
      return Step::kDone;
    case Face::kWs:
      return AnswerHandshake(world, connection, request);
    default:
      return AnswerNodeHttp(world, connection, request);
  }
}

Step TakeHttp(World& world, Connection& connection) {
  HttpRequest request;
  switch (ParseHttp(connection.in, request)) {
    case HttpParse::kMore:
      return Step::kMore;
    case HttpParse::kContinue:
      if (std::exchange(connection.continued, true)) return Step::kMore;
      connection.out.Add(std::string("HTTP/1.1 100 Continue\r\n\r\n"));
      return Step::kMore;
    case HttpParse::kBad:
      connection.out.Add(HttpText("400 Bad Request", "text/plain; charset=utf-8", "400 Bad Request",
                                  "Connection: close\r\n"));
      connection.out.End(Ending::kClose);
      connection.in.clear();
      return Step::kDone;
    case HttpParse::kTooLarge:
      connection.out.Add(HttpText("413 Request Entity Too Large", "text/plain; charset=utf-8",
                                  "content length too large\n", "Connection: close\r\n"));
      connection.out.End(Ending::kClose);
      connection.in.clear();
      return Step::kDone;
    case HttpParse::kComplete:
      break;
  }
  connection.continued = false;
  const Step step = AnswerHttp(world, connection, request);
  if (step == Step::kFreeze || step == Step::kReset) return step;
  if (!request.keep_alive && connection.out.Last() == Ending::kKeep && !connection.websocket &&
      !connection.stream) {
    connection.out.End(Ending::kClose);
  }
  connection.in.erase(0, request.bytes);
  return Step::kDone;
}

// One JSON-RPC message over IPC or WebSocket.
Step AnswerMessage(World& world, Connection& connection, std::string_view message) {
  const FaultSet& faults = world.Faults();
  if (faults.Find(Kind::kStop, connection.node) != nullptr) return Step::kReset;
  const Fault* const whole = FindCarried(faults, connection.node, {});
  if (whole != nullptr && whole->kind == Kind::kHang) return Step::kFreeze;
  const RpcReply reply = AnswerRpc(world.Node(connection.node), faults, connection.node, message,
                                   &connection, UnixNow());
  CountCalls(world, reply);
  if (reply.body.empty()) return Step::kDone;
  if (reply.carried) {
    if (reply.carried->kind == Kind::kHang) return Step::kFreeze;
    Carry(*reply.carried, connection.face, reply.body, true, connection.out);
    return Step::kDone;
  }
  if (connection.face == Face::kWs) {
    connection.out.Add(FrameHead(Opcode::kText, Bytes(reply.body)));
  }
  connection.out.Add(reply.body);
  // Geth gives a connection up whose messages it cannot read.
  if (reply.parse_error) connection.out.End(Ending::kClose);
  return Step::kDone;
}

Step TakeFrame(World& world, Connection& connection) {
  Frame frame;
  const FrameParse parsed = ParseFrame(connection.in, frame);
  if (parsed == FrameParse::kMore) return Step::kMore;
  if (parsed == FrameParse::kBad) return Step::kReset;
  Step step = Step::kDone;
  if (frame.opcode == Opcode::kClose) {
    connection.out.Add(FrameHead(Opcode::kClose, frame.payload.size()) + frame.payload);
    connection.out.End(Ending::kClose);
  } else if (frame.opcode == Opcode::kPing) {
    connection.out.Add(FrameHead(Opcode::kPong, frame.payload.size()) + frame.payload);
  } else if (frame.opcode != Opcode::kPong) {
    const std::size_t before = connection.fragments.size();
    if (before + frame.payload.size() > kMessageBytesMax) return Step::kReset;
    connection.fragments += frame.payload;
    if (frame.last) {
      step = AnswerMessage(world, connection, connection.fragments);
      if (step == Step::kFreeze) {
        connection.fragments.resize(before);
        return step;
      }
      connection.fragments.clear();
    }
  }
  connection.in.erase(0, frame.bytes);
  return step;
}

Step TakeValue(World& world, Connection& connection) {
  const std::size_t end = EndOfValue(connection.in);
  if (end == std::string::npos) {
    return connection.in.size() > kMessageBytesMax ? Step::kReset : Step::kMore;
  }
  const Step step =
      AnswerMessage(world, connection, std::string_view(connection.in).substr(0, end));
  if (step == Step::kDone) connection.in.erase(0, end);
  return step;
}

// One line of the supervisor's RPC; the last one may end with the connection.
Step TakeLine(World& world, Connection& connection) {
  const FaultSet& faults = world.Faults();
  if (faults.Find(Kind::kStop, kSupervisorNode) != nullptr) return Step::kReset;
  const std::size_t end = connection.in.find('\n');
  const std::size_t size = end == std::string::npos ? connection.in.size() : end + 1;
  if (size > kSupervisorLineMax) {
    connection.out.End(Ending::kClose);
    connection.in.clear();
    return Step::kDone;
  }
  if (end == std::string::npos && !connection.eof) return Step::kMore;
  if (connection.session.challenge.empty()) {
    connection.session.challenge = HexDigits(Mix(connection.id), 32);
  }
  connection.node = kSupervisorNode;
  SupervisorSession session = connection.session;
  std::string method;
  const std::string line = connection.in.substr(0, size);
  const std::string answer = AnswerSupervisor(faults, line, session, method);
  if (answer.empty()) {
    connection.out.End(Ending::kClose);
    connection.in.clear();
    return Step::kDone;
  }
  const Fault* const carried = FindCarried(faults, kSupervisorNode, method);
  if (carried != nullptr && carried->kind == Kind::kHang) return Step::kFreeze;
  connection.session = session;
  if (!method.empty()) world.CountCall(method);
  connection.in.erase(0, size);
  if (carried != nullptr) {
    Carry(*carried, connection.face, {Share(answer + "\n")}, true, connection.out);
  } else {
    connection.out.Add(answer + "\n");
  }
  return Step::kDone;
}

}  // namespace

std::string Connection::Subscribe() {
  // Geth's ids are 16 random bytes.
  subscriptions.push_back("0x" + HexDigits(Mix(id, ++subscribed_) | 1U, 32));
  return subscriptions.back();
}

bool Connection::Unsubscribe(std::string_view subscription) {
  return std::erase(subscriptions, subscription) > 0;
}

Step TakeOne(World& world, Connection& connection) {
  if (connection.stream) connection.in.clear();
  if (connection.in.empty()) return Step::kMore;
  if (connection.face == Face::kSupervisor) return TakeLine(world, connection);
  if (connection.face == Face::kIpc) return TakeValue(world, connection);
  if (connection.websocket) return TakeFrame(world, connection);
  return TakeHttp(world, connection);
}

bool PutEvent(Connection& connection, std::string_view topic, const std::string& data) {
  const auto& topics = connection.subscriptions;
  if (!topic.empty() && std::find(topics.begin(), topics.end(), topic) == topics.end()) {
    return false;
  }
  if (connection.drip) {
    connection.out.Drip(EventChunk(topic, data), *connection.drip, false);
  } else {
    connection.out.Add(EventChunk(topic, data));
  }
  return true;
}

void PutHead(Connection& connection, const std::string& header_json) {
  for (const std::string& subscription : connection.subscriptions) {
    std::string text = R"({"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":")";
    text += subscription;
    text += R"(","result":)";
    text += header_json;
    text += "}}\n";
    if (connection.face == Face::kWs) {
      text.insert(0, FrameHead(Opcode::kText, text.size()));
    }
    connection.out.Add(std::move(text));
  }
}

}  // namespace stakewatch::sim
