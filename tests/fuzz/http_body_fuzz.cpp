// The body of an HTTP answer: the first byte chooses the frame, the rest comes from the connection.
#include <fcntl.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "common/net/net.h"
#include "common/net/stream.h"
#include "common/upstream/http_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 0;
  const stakewatch::Socket ours(ends[0]);
  {
    const stakewatch::Socket theirs(ends[1]);
    const int room = 1 << 20;  // All of it fits, as nobody reads meanwhile.
    ::setsockopt(theirs.Fd(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    ::fcntl(theirs.Fd(), F_SETFL, O_NONBLOCK);
    ::send(theirs.Fd(), data + 1, size - 1, MSG_NOSIGNAL);
  }
  ::fcntl(ours.Fd(), F_SETFL, O_NONBLOCK);
  stakewatch::BodyFrame frame;
  if ((data[0] & 1) != 0) frame.transfer_encodings.emplace_back("chunked");
  if ((data[0] & 2) != 0) frame.content_lengths.push_back(std::to_string(data[0] >> 2));
  if ((data[0] & 4) != 0) {
    frame.content_lengths.emplace_back(reinterpret_cast<const char*>(data + 1),
                                       std::min<std::size_t>(size - 1, 24));
  }
  constexpr std::size_t kBytesMax = 4096;
  stakewatch::Connection connection(ours.Fd(), nullptr);
  connection.Start(stakewatch::Deadline(std::chrono::seconds(5)), 1 << 20);
  std::string text;
  const auto end = stakewatch::HttpBody::Read(connection, frame, kBytesMax, 0, text);
  if (text.size() > kBytesMax) __builtin_trap();
  if (end == stakewatch::HttpBody::End::kWhole && text.capacity() < text.size() + 64) {
    __builtin_trap();
  }
  return 0;
}
