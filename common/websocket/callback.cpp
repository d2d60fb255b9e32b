// What libwebsockets calls.
#include "common/websocket/lws.h"

#include <cstring>
#include <string_view>

#include "common/simdjson.h"

namespace stakewatch {

int LwsSocket::Callback(lws* wsi, lws_callback_reasons reason, void* user, void* in,
                        std::size_t size) {
  if (wsi == nullptr) return 0;
  lws_context* context = lws_get_context(wsi);
  auto* self = context == nullptr ? nullptr : static_cast<LwsSocket*>(lws_context_user(context));
  // While the context is made or destroyed, and from a connection that was given up, nothing
  // counts.
  if (self == nullptr || self->stop_ || self->wsi_ == nullptr || self->wsi_ != wsi) return 0;
  return self->On(wsi, reason, user, in, size);
}

// What is returned but 0 makes libwebsockets end the connection.
int LwsSocket::On(lws* wsi, lws_callback_reasons reason, void* user, void* in, std::size_t size) {
  const std::string_view text(static_cast<const char*>(in), in == nullptr ? 0 : size);
  switch (reason) {
    case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
      NoteCertificate(static_cast<X509_STORE_CTX*>(user), size != 0);
      return 0;
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
      handshake_.request_sent = true;
      return AppendAuthorization(in, size) ? 0 : -1;
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
      handshake_.status = static_cast<int>(lws_http_client_http_response(wsi));
      return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
      Lost(handshake_.Failure(text.substr(0, text.find('\0'))));
      return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
      OnOpen();
      return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
      return OnReceive(wsi, text.data(), text.size());
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
      alive_ = Clock::now();
      return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
      return OnWritable(wsi);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: {
      std::string why = handshake_.peer + " closed the WebSocket";
      if (text.size() >= 2) {
        const int code =
            static_cast<unsigned char>(text[0]) * 256 + static_cast<unsigned char>(text[1]);
        why += " with code " + std::to_string(code);
      }
      Lost({Reason::kUnreachable, why});
      return 0;
    }
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:
      // Some ends are told by the destruction alone: in 4.1, when the request could not be written.
      Lost(state_ == State::kOpen
               ? Error{Reason::kUnreachable, "the WebSocket to " + handshake_.peer + " broke"}
               : handshake_.Failure("connection closed"));
      return 0;
    default:
      return 0;
  }
}

void LwsSocket::OnOpen() {
  state_ = State::kOpen;
  alive_ = pinged_ = Clock::now();
  addresses_.clear();
  {
    const std::lock_guard lock(mutex_);
    connected_ = true;
  }
  if (!stop_ && handlers_.connected) handlers_.connected(*this);
}

bool LwsSocket::AppendAuthorization(void* in, std::size_t size) const {
  if (authorization_.empty()) return true;
  const std::string line = "Authorization: " + authorization_ + "\r\n";
  if (in == nullptr || line.size() > size) return false;
  char*& at = *static_cast<char**>(in);
  std::memcpy(at, line.data(), line.size());
  at += line.size();
  return true;
}

void LwsSocket::NoteCertificate(X509_STORE_CTX* verified, bool good) {
  if (!good) {
    handshake_.verify_error = X509_verify_cert_error_string(X509_STORE_CTX_get_error(verified));
  }
  const auto not_after = NotAfter(verified);
  const std::lock_guard lock(mutex_);
  not_after_ = not_after;
}

int LwsSocket::OnReceive(lws* wsi, const char* in, std::size_t size) {
  const std::size_t left = lws_remaining_packet_payload(wsi);
  if (left > options_.body_bytes_max || size > options_.body_bytes_max - left ||
      message_.size() > options_.body_bytes_max - left - size) {
    Lost({Reason::kBadAnswer, "a message of " + handshake_.peer + " is over " +
                                  std::to_string(options_.body_bytes_max) + " bytes"});
    return -1;
  }
  // Room for simdjson's padding, so that a message is parsed where it lies.
  if (message_.empty()) message_.reserve(size + left + simdjson::SIMDJSON_PADDING);
  message_.append(in, size);
  if (left != 0 || lws_is_final_fragment(wsi) == 0) return 0;
  if (!simdjson::validate_utf8(message_.data(), message_.size())) {
    Lost({Reason::kBadAnswer, "a message of " + handshake_.peer + " is no UTF-8"});
    return -1;
  }
  alive_ = Clock::now();
  retry_ = times_.retry_first;
  if (handlers_.message) handlers_.message(std::exchange(message_, std::string()));
  return 0;
}

int LwsSocket::OnWritable(lws* wsi) {
  std::vector<unsigned char> bytes(LWS_PRE);
  lws_write_protocol kind = LWS_WRITE_PING;
  bool more = false;
  if (!std::exchange(ping_due_, false)) {
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) return 0;
    bytes.insert(bytes.end(), queue_.front().begin(), queue_.front().end());
    queue_bytes_ -= queue_.front().size();
    queue_.pop_front();
    kind = LWS_WRITE_TEXT;
    more = !queue_.empty();
  }
  const std::size_t size = bytes.size() - LWS_PRE;
  bytes.push_back(0);  // So that there is an address even when there is nothing to send.
  // libwebsockets keeps what the kernel does not take at once.
  if (lws_write(wsi, bytes.data() + LWS_PRE, size, kind) < 0) return -1;
  if (more) lws_callback_on_writable(wsi);
  return 0;
}

}  // namespace stakewatch
