// The flags of supervisor_exporter, and what is refused of them.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "exporters/supervisor/nodes.h"

namespace stakewatch::supervisor {
namespace {

TEST_CASE("supervisor: nodes are host:port, each once") {
  const auto nodes = ParseNodes({"10.77.1.2:2222", "[::1]:22"});
  REQUIRE(nodes);
  REQUIRE(nodes->size() == 2);
  CHECK((*nodes)[0].name == "10.77.1.2:2222");
  CHECK((*nodes)[1].host == "::1");
  CHECK((*nodes)[1].port == "22");
  for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{
           {"bastion"}, {":22"}, {"a:22", "a:22"}, std::vector<std::string>(17, "a:1")}) {
    CHECK_FALSE(ParseNodes(bad));
  }
}

}  // namespace
}  // namespace stakewatch::supervisor
