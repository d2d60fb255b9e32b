#pragma once
// A chain of 8 slots of 3 s in an epoch, with the 64 validators of the recorded account, for tests
// of the jobs about own validators. The clock is the test's.
#include <cstdint>
#include <memory>
#include <string>

#include "common/page.h"
#include "exporters/beacon/metrics.h"
#include "exporters/beacon/own_node.h"
#include "tests/beacon/scripted.h"
#include "tests/testing.h"

namespace stakewatch::beacon {

inline std::string AccountFile(const std::string& name) {
  return testing::ReadFile(testing::TestsFolder() + "/beacon/duties/account/" + name + ".json");
}

class OwnChain {
 public:
  static constexpr double kGenesis = 1795242970;

  explicit OwnChain(const std::string& file)
      : node(std::make_shared<Scripted>(Scripted::Answers{})), file_(file) {
    for (const char* name : {"genesis", "config_spec", "validators_post"}) {
      node->Set(name, AccountFile(name));
    }
    Finalized(0);
    At(0);
  }

  // The clock is half a second into the slot; the head is `lag` slots before.
  void At(std::uint64_t slot, std::uint64_t lag = 0, bool syncing = false,
          bool optimistic = false) {
    now = kGenesis + 3.0 * static_cast<double>(slot) + 0.5;
    node->Set("node_syncing", R"({"data":{"head_slot":")" + std::to_string(slot - lag) +
                                  R"(","sync_distance":"0","is_syncing":)" +
                                  (syncing ? "true" : "false") + R"(,"is_optimistic":)" +
                                  (optimistic ? "true" : "false") + R"(,"el_offline":false}})");
  }
  void Finalized(std::uint64_t epoch) {
    const std::string one = R"({"epoch":")" + std::to_string(epoch) + R"(","root":"0x00"})";
    node->Set("finality_checkpoints", R"({"data":{"previous_justified":)" + one +
                                          R"(,"current_justified":)" + one + R"(,"finalized":)" +
                                          one + "}}");
  }
  void WriteFile(const std::string& text) { folder_.Write("validators", text); }

  OwnParts Parts() {
    WriteFile(file_);
    auto opened = OpenValidatorsFile(folder_.Path() + "/validators");
    if (!opened) throw std::runtime_error(opened.error());
    OwnParts parts;
    parts.node = node;
    parts.file = std::move(*opened);
    parts.now = [this] { return now; };
    return parts;
  }

  double now = 0;
  std::shared_ptr<Scripted> node;

 private:
  std::string file_;
  testing::TemporaryFolder folder_;
};

// Own validators 0 to 31 in group a, 32 to 63 in group b.
inline std::string AllInTwoGroups() {
  std::string text;
  for (int i = 0; i < 64; ++i) text += std::to_string(i) + (i < 32 ? " a\n" : " b\n");
  return text;
}

inline Deadline Soon() {
  return Deadline(std::chrono::seconds(5));
}

inline std::string Written(Sheet&& sheet) {
  return WritePage(std::move(sheet).TakeFamilies());
}

inline bool HasLine(const std::string& page, const std::string& line) {
  return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace stakewatch::beacon
