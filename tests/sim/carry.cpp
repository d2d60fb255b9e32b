// How an answer travels, for better or worse.
#include "tests/sim/carry.h"

#include "tests/sim/http.h"
#include "tests/sim/websocket.h"

namespace stakewatch::sim {
namespace {

constexpr std::chrono::milliseconds kDripInterval{200};
constexpr std::string_view kPage =
    "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad "
    "Gateway</h1><hr>nginx</body></html>\n";

std::chrono::milliseconds TimeOf(const Fault& fault, std::chrono::milliseconds other) {
  return ParseDuration(fault.value).value_or(other);
}

std::string Json(std::string_view body) {
  return HttpText("200 OK", "application/json", body);
}

// Status line and the headers so far, without the line that ends them.
std::string OpenHead(std::string_view headers) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + std::string(DateLine()) +
         std::string(headers);
}

std::string WsText(const std::string& body) {
  return FrameHead(Opcode::kText, body.size()) + body;
}

// The answer as it would be without a fault.
Pieces Sound(Face face, const Pieces& body, bool keep_alive, const HttpHead& head) {
  if (IsHttp(face)) return HttpAnswer(body, keep_alive, head);
  if (IsLines(face)) return body;
  Pieces framed = body;
  framed.insert(framed.begin(), Share(FrameHead(Opcode::kText, Bytes(body))));
  return framed;
}

void Endless(const Fault& fault, Face face, OutQueue& out) {
  const std::string start = R"({"jsonrpc":"2.0","id":1,"result":")";
  if (IsHttp(face) && fault.value == "chunked") {
    out.Add(OpenHead("Transfer-Encoding: chunked\r\n\r\n"));
    out.Endless("400\r\n" + std::string(1024, 'a') + "\r\n");
    return;
  }
  if (IsHttp(face)) out.Add(OpenHead("Connection: close\r\n\r\n"));
  // A text frame that says it has 2^62 bytes.
  if (face == Face::kWs) out.Add(std::string("\x81\x7f\x40\0\0\0\0\0\0\0", 10));
  out.Add(start);
  out.Endless(std::string(1024, 'a'));
}

void LyingLength(const Fault& fault, const std::string& body, OutQueue& out) {
  const std::string length = fault.value == "huge" ? std::string("18446744073709551615")
                                                   : std::to_string(body.size() + 1000);
  out.Add(OpenHead("Content-Length: " + length + "\r\n\r\n") + body);
  // The connection stays open and silent: only the client's deadline ends this.
  out.Pause(std::chrono::hours(1));
  out.End(Ending::kClose);
}

bool CarryByHttp(const Fault& fault, const Pieces& body, OutQueue& out) {
  switch (fault.kind) {
    case Kind::kHttp500:
      out.Add(HttpText("500 Internal Server Error", "text/plain; charset=utf-8", "simulated\n"));
      return true;
    case Kind::kHttp401:
      out.Add(HttpText("401 Unauthorized", "text/plain; charset=utf-8", "missing token\n",
                       "X-Content-Type-Options: nosniff\r\n"));
      return true;
    case Kind::kRedirect:
      out.Add(HttpText("307 Temporary Redirect", "", "", "Location: /elsewhere\r\n"));
      return true;
    case Kind::kHtml:
      out.Add(HttpText("200 OK", "text/html", kPage));
      return true;
    case Kind::kEndlessHeaders:
      out.Add(OpenHead(""));
      out.Endless("X-Endless: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
      return true;
    case Kind::kEndlessHeaderLine:
      out.Add(OpenHead("X-Endless: "));
      out.Endless("a");
      return true;
    case Kind::kDripHeader:
      out.Add(OpenHead("X-Drip: "));
      out.Drip("a", TimeOf(fault, kDripInterval), true);
      return true;
    case Kind::kEndlessChunkSize:
      out.Add(OpenHead("Transfer-Encoding: chunked\r\n\r\n"));
      out.Endless("0");
      return true;
    case Kind::kLyingLength:
      LyingLength(fault, Join(body), out);
      return true;
    case Kind::kDrip: {
      const std::string text = Join(body);
      out.Add(OpenHead("Content-Length: " + std::to_string(text.size()) + "\r\n\r\n"));
      out.Drip(text, TimeOf(fault, kDripInterval), false);
      return true;
    }
    default:
      return false;
  }
}

void Half(Face face, const Pieces& body, bool keep_alive, const HttpHead& head, OutQueue& out) {
  std::string text = Join(Sound(face, body, keep_alive, head));
  text.resize(text.size() - Bytes(body) / 2);
  out.Add(std::move(text));
}

void AddBody(Face face, const std::string& body, OutQueue& out) {
  if (IsHttp(face)) {
    out.Add(Json(body));
  } else {
    out.Add(face == Face::kWs ? WsText(body) : body);
  }
}

}  // namespace

void Carry(const Fault& fault, Face face, const Pieces& body, bool keep_alive, OutQueue& out,
           const HttpHead& head) {
  if (IsHttp(face) && CarryByHttp(fault, body, out)) {
    if (!keep_alive) out.End(Ending::kClose);
    return;
  }
  switch (fault.kind) {
    case Kind::kSlow:
      out.Pause(TimeOf(fault, std::chrono::seconds(2)));
      out.Add(Sound(face, body, keep_alive, head));
      break;
    case Kind::kEmpty:
      // Over IPC nothing at all would be a hang: the newline alone.
      AddBody(face, IsLines(face) ? "\n" : "", out);
      break;
    case Kind::kTruncated: {
      std::string text = Join(body);
      text.resize(text.size() / 2);
      AddBody(face, IsLines(face) ? text + "\n" : text, out);
      break;
    }
    case Kind::kNotJson:
      AddBody(face, "this is not JSON\n", out);
      break;
    case Kind::kDrip:
      out.Drip(Join(Sound(face, body, keep_alive, head)), TimeOf(fault, kDripInterval), false);
      break;
    case Kind::kReset:
      Half(face, body, keep_alive, head, out);
      // Time for the half to arrive: a reset throws away what the peer has not read.
      out.Pause(std::chrono::milliseconds(50));
      out.End(Ending::kReset);
      return;
    case Kind::kEndlessBody:
    case Kind::kEndlessHeaders:
    case Kind::kEndlessHeaderLine:
    case Kind::kEndlessChunkSize:
      Endless(fault, face, out);
      return;
    default:  // kClose, and what only HTTP has.
      out.End(Ending::kClose);
      return;
  }
  if (!keep_alive) out.End(Ending::kClose);
}

}  // namespace stakewatch::sim
