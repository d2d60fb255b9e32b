// The long objects, member by member as Geth v1.17.3 writes them.
#include "tests/sim/node_info.h"

#include <array>
#include <utility>

namespace stakewatch::sim {
namespace {

constexpr std::string_view kBlobSchedule =
    R"("blobSchedule":{"cancun":{"target":3,"max":6,"baseFeeUpdateFraction":3338477},)"
    R"("prague":{"target":6,"max":9,"baseFeeUpdateFraction":5007716},)"
    R"("osaka":{"target":6,"max":9,"baseFeeUpdateFraction":5007716},)"
    R"("bpo1":{"target":10,"max":15,"baseFeeUpdateFraction":8346193},)"
    R"("bpo2":{"target":14,"max":21,"baseFeeUpdateFraction":11684671},)"
    R"("bpo3":{"target":21,"max":32,"baseFeeUpdateFraction":20609697}})";

// terminalTotalDifficulty is above 2^64: a parser that reads the config has to cope with it.
constexpr std::string_view kMainnetConfig =
    R"({"chainId":1,"homesteadBlock":1150000,"daoForkBlock":1920000,"daoForkSupport":true,)"
    R"("eip150Block":2463000,"eip155Block":2675000,"eip158Block":2675000,)"
    R"("byzantiumBlock":4370000,"constantinopleBlock":7280000,"petersburgBlock":7280000,)"
    R"("istanbulBlock":9069000,"muirGlacierBlock":9200000,"berlinBlock":12244000,)"
    R"("londonBlock":12965000,"arrowGlacierBlock":13773000,"grayGlacierBlock":15050000,)"
    R"("shanghaiTime":1681338455,"cancunTime":1710338135,"pragueTime":1746612311,)"
    R"("osakaTime":1764798551,"terminalTotalDifficulty":58750000000000000000000,)"
    R"("depositContractAddress":"0x00000000219ab540356cbb839cbe05303d7705fa","ethash":{},)";

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kVersions = {{
    {"besu", "besu/v26.4.0/linux-x86_64/openjdk-java-21"},
    {"nethermind", "Nethermind/v1.36.2+f3d6e5a1/linux-x64/dotnet10.0.4"},
    {"nethermind-1.30", "Nethermind/v1.30.2+8b2a6c1d/linux-x64/dotnet9.0.0"},
    {"erigon", "erigon/3.3.4/linux-amd64/go1.25.3"},
    {"reth", "reth/v1.11.1-5ecb1a6/x86_64-unknown-linux-gnu"},
}};

std::string Config(const Network& network) {
  if (network.chain_id == 1) return std::string(kMainnetConfig) + std::string(kBlobSchedule) + "}";
  return R"({"chainId":)" + std::to_string(network.chain_id) +
         R"(,"homesteadBlock":0,"daoForkBlock":0,"eip150Block":0,"eip155Block":0,)"
         R"("eip158Block":0,"byzantiumBlock":0,"constantinopleBlock":0,"petersburgBlock":0,)"
         R"("istanbulBlock":0,"muirGlacierBlock":0,"berlinBlock":0,"londonBlock":0,)"
         R"("arrowGlacierBlock":0,"grayGlacierBlock":0,"mergeNetsplitBlock":0,)"
         R"("shanghaiTime":1795242140,"cancunTime":1795242140,"pragueTime":1795242140,)"
         R"("osakaTime":1795242140,"terminalTotalDifficulty":0,)"
         R"("depositContractAddress":"0x4242424242424242424242424242424242424242",)" +
         std::string(kBlobSchedule) + "}";
}

}  // namespace

std::string_view VersionOf(std::string_view client) {
  for (const auto& [name, version] : kVersions) {
    if (name == client) return version;
  }
  return "Geth/v1.17.3-stable/linux-amd64/go1.26.8";
}

std::string NodeInfoJson(const Network& network, const Identity& identity) {
  return R"({"id":")" + identity.id + R"(","name":")" + identity.name + R"(","enode":"enode://)" +
         identity.key + R"(@203.0.113.7:30303","enr":"enr:-Jy4Q)" + identity.id +
         R"(gmlwhMsAcQeJc2VjcDI1NmsxoQ","ip":"203.0.113.7","ports":)"
         R"({"discovery":30303,"listener":30303},"listenAddr":"[::]:30303","protocols":)"
         R"({"eth":{"network":)" +
         std::to_string(network.chain_id) + R"(,"genesis":")" + std::string(network.genesis_hash) +
         R"(","config":)" + Config(network) + R"(,"head":")" + identity.head + R"("},"snap":{}}})";
}

std::string SyncingJson(const SyncProgress& progress) {
  const std::uint64_t done = progress.current - progress.starting;
  const std::uint64_t left = progress.highest - progress.current;
  const std::array<std::pair<std::string_view, std::uint64_t>, 19> members = {{
      {"currentBlock", progress.current},
      {"healedBytecodeBytes", done * 600},
      {"healedBytecodes", done / 8},
      {"healedTrienodeBytes", done * 9'000},
      {"healedTrienodes", done * 40},
      {"healingBytecode", left / 100},
      {"healingTrienodes", left * 3},
      {"highestBlock", progress.highest},
      {"startingBlock", progress.starting},
      {"stateIndexRemaining", left * 2},
      {"syncedAccountBytes", done * 1'200'000},
      {"syncedAccounts", done * 9'000},
      {"syncedBytecodeBytes", done * 50'000},
      {"syncedBytecodes", done * 30},
      {"syncedStorage", done * 70'000},
      {"syncedStorageBytes", done * 9'000'000},
      {"trienodeIndexRemaining", left},
      {"txIndexFinishedBlocks", done},
      {"txIndexRemainingBlocks", progress.highest == 0 ? 1 : left},
  }};
  std::string out = "{";
  for (const auto& [name, value] : members) {
    if (out.size() > 1) out += ',';
    out += '"' + std::string(name) + "\":\"" + Quantity(value) + '"';
  }
  return out + "}";
}

}  // namespace stakewatch::sim
