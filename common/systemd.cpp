#include "common/systemd.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "common/net/net.h"

namespace stakewatch {

void NotifySystemd(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un to{};
  if (path == nullptr || (*path != '/' && *path != '@') ||
      std::strlen(path) >= sizeof to.sun_path) {
    return;
  }
  const std::size_t size = std::strlen(path);
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, path, size);
  if (*path == '@') to.sun_path[0] = '\0';  // The abstract namespace.
  const Socket socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.Open()) return;
  ::sendto(socket.Fd(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&to),
           static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size));
}

}  // namespace stakewatch
