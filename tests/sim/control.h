#pragma once
// The control port, and the receiver of Alertmanager's webhook.
#include <string>

#include "tests/sim/http.h"
#include "tests/sim/world.h"

namespace stakewatch::sim {

// Both return the whole HTTP answer.
std::string AnswerControl(World& world, const HttpRequest& request);
std::string AnswerWebhook(World& world, const HttpRequest& request);

}  // namespace stakewatch::sim
