// The in-process face of the simulator.
#include "tests/sim/simulator.h"

#include "tests/sim/server.h"
#include "tests/sim/sockets.h"
#include "tests/sim/tls_front.h"
#include "tests/sim/world.h"

namespace stakewatch::sim {

Simulator::Simulator(const Options& options) {
  if (!FindNetwork(options.network)) {
    error_ = "--network " + options.network + ": mainnet, sepolia, hoodi or dev";
    return;
  }
  world_ = std::make_unique<World>(options);
  server_ = std::make_unique<Server>(options, *world_);
  if (auto opened = server_->Open(); !opened) {
    error_ = opened.error();
    server_.reset();
    return;
  }
  server_->Start();
  if (!options.supervisor_tls) return;
  auto front = TlsFront::Open(*options.supervisor_tls, options.supervisor_certificate,
                              SupervisorPort(), [this] { return world_->OtherCertificate(); });
  if (front) {
    tls_front_ = std::move(*front);
  } else {
    error_ = front.error();
  }
}

Simulator::~Simulator() = default;

std::uint16_t Simulator::HttpPort() const {
  return server_ ? server_->Port(Face::kHttp) : 0;
}
std::uint16_t Simulator::WsPort() const {
  return server_ ? server_->Port(Face::kWs) : 0;
}
std::uint16_t Simulator::ControlPort() const {
  return server_ ? server_->Port(Face::kControl) : 0;
}
std::uint16_t Simulator::WebhookPort() const {
  return server_ ? server_->Port(Face::kWebhook) : 0;
}

std::uint16_t Simulator::BeaconPort() const {
  return server_ ? server_->Port(Face::kBeacon) : 0;
}
std::uint16_t Simulator::ValidatorClientPort() const {
  return server_ ? server_->Port(Face::kValidator) : 0;
}

std::uint16_t Simulator::SupervisordPort() const {
  return server_ ? server_->Port(Face::kSupervisord) : 0;
}

std::uint16_t Simulator::SupervisorPort() const {
  return server_ ? server_->Port(Face::kSupervisor) : 0;
}

std::uint16_t Simulator::SupervisorTlsPort() const {
  return tls_front_ ? tls_front_->Port() : 0;
}

std::uint16_t Simulator::JormungandrPort() const {
  return server_ ? server_->Port(Face::kJormungandr) : 0;
}

std::string Simulator::BeaconUrl() const {
  return "http://127.0.0.1:" + std::to_string(BeaconPort());
}

std::string Simulator::OwnKeys() const {
  std::string keys;
  server_->Call([&] { keys = world_->OwnKeys(); });
  return keys;
}

std::string Simulator::HttpUrl(int node) const {
  const std::string url = "http://127.0.0.1:" + std::to_string(HttpPort());
  return node == 0 ? url : url + "/node/" + std::to_string(node);
}

std::string Simulator::WsUrl(int node) const {
  const std::string url = "ws://127.0.0.1:" + std::to_string(WsPort());
  return node == 0 ? url : url + "/node/" + std::to_string(node);
}

void Simulator::SetFault(const Fault& fault) {
  server_->Call([&] { world_->SetFault(fault); });
  // A second task runs after the sockets have followed the change.
  server_->Call([] {});
}

void Simulator::Clear() {
  server_->Call([&] { world_->Clear(); });
  server_->Call([] {});
}

void Simulator::Clear(Kind kind) {
  server_->Call([&] { world_->Clear(kind); });
  server_->Call([] {});
}

void Simulator::NewBlock() {
  server_->Call([&] { world_->NewBlock(); });
}

std::uint64_t Simulator::Head(int node) const {
  std::uint64_t head = 0;
  server_->Call([&] { head = world_->Node(node).Head(); });
  return head;
}

std::uint64_t Simulator::HeadSlot() const {
  std::uint64_t head = 0;
  server_->Call([&] { head = world_->Beacon() ? world_->Beacon()->Status(UnixNow()).head : 0; });
  return head;
}

std::uint64_t Simulator::Calls(const std::string& method) const {
  std::uint64_t calls = 0;
  server_->Call([&] { calls = world_->Calls(method); });
  return calls;
}

std::size_t Simulator::OpenConnections() const {
  std::size_t open = 0;
  server_->Call([&] { open = server_->NodeConnections(); });
  return open;
}

}  // namespace stakewatch::sim
