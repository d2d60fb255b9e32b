#include <fstream>
#include <optional>
#include <sstream>

#include "common/upstream/upstream.h"

namespace stakewatch {
namespace {

class Recorded : public Upstream {
 public:
  explicit Recorded(std::string_view folder) : folder_(folder) {}
  Result<std::string> Ask(const Request& request, const Deadline&) const override {
    const std::string path = folder_ + "/" + std::string(request.name);
    for (const char* format : {".json", ".xml"}) {
      if (auto answer = Read(path + format)) return std::move(*answer);
    }
    for (const int status : {206, 400, 404, 405, 415, 500, 503}) {
      const auto answer = Read(path + "." + std::to_string(status));
      if (answer) {
        return Fail(Reason::kHttpStatus, "HTTP " + std::to_string(status) + ": " + *answer, status);
      }
    }
    return Fail(Reason::kUnreachable, path + " was not recorded");
  }

 private:
  static std::optional<std::string> Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::string folder_;
};

}  // namespace

std::shared_ptr<Upstream> RecordedUpstream(std::string_view folder) {
  return std::make_shared<Recorded>(folder);
}

}  // namespace stakewatch
