#include <fstream>
#include <sstream>

#include "common/upstream/upstream.h"

namespace stakewatch {
namespace {

class Recorded : public Upstream {
 public:
  explicit Recorded(std::string_view folder) : folder_(folder) {}
  Result<std::string> Ask(const Request& request, const Deadline&) const override {
    const std::string path = folder_ + "/" + std::string(request.name) + ".json";
    std::ifstream file(path, std::ios::binary);
    if (!file) return Fail(Reason::kUnreachable, path + " was not recorded");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

 private:
  std::string folder_;
};

}  // namespace

std::shared_ptr<Upstream> RecordedUpstream(std::string_view folder) {
  return std::make_shared<Recorded>(folder);
}

}  // namespace stakewatch
