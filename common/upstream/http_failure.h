#pragma once
// What an HTTP answer that is none says, in words for the log.
#include "common/result.h"
#include "common/upstream/http_link.h"
#include "common/upstream/http_peer.h"

namespace stakewatch {

// kHttpStatus, with the status and the beginning of the body on one line. The credentials of the
// question and the path of the peer's URL, which may be a secret, are not shown.
Error StatusError(const HttpPeer& peer, const HttpQuestion& question, HttpAnswer answer);

}  // namespace stakewatch
