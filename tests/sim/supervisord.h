#pragma once
// A supervisord with its programs, as 4.2.5 of it answers XML-RPC.
#include <string>

#include "tests/sim/faults.h"
#include "tests/sim/http.h"

namespace stakewatch::sim {

struct SupervisordReply {
  HttpHead head = {};
  std::string body = {};
};

// The method that a request calls; empty: it calls none.
std::string XmlRpcMethod(const HttpRequest& request);

// `started`: when its programs were, in Unix time.
SupervisordReply AnswerSupervisord(const FaultSet& faults, const HttpRequest& request,
                                   double started, double now);

}  // namespace stakewatch::sim
