// The whole validator set, read in one way, in a process of its own: docs/performance.md.
//   validator_set_bench make <validators> clients|spaced|irregular <file>
//   validator_set_bench serve <file>                  prints its URL, and serves until it is ended
//   validator_set_bench touch|ours|sax <file>
//   validator_set_bench touch|ours <URL>
// A reader prints what it found, and what it took: wall and CPU seconds, and the peak of its
// memory.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/net/net.h"
#include "exporters/beacon/validator_set.h"

namespace {

using stakewatch::Deadline;
using stakewatch::beacon::ValidatorSet;

constexpr std::size_t kReadBytes = 256 << 10;

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "validator_set_bench: %s\n", why.c_str());
  std::exit(1);
}

// A sequence that is the same each time.
class Numbers {
 public:
  std::uint64_t Next(std::uint64_t below) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ % below;
  }
  std::string Hex(std::size_t digits) {
    std::string text = "0x";
    while (text.size() < digits + 2) text += "0123456789abcdef"[Next(16)];
    return text;
  }

 private:
  std::uint64_t state_ = 88172645463325252ULL;
};

// As on mainnet: nearly all active, some exited and withdrawn, a few slashed.
struct Made {
  std::string index, balance, status, pubkey, credentials, effective, slashed, eligible, activated,
      exits, withdrawable;
};

Made Make(std::uint64_t index, Numbers& numbers) {
  const std::string never = "18446744073709551615";
  const std::uint64_t kind = numbers.Next(1000);
  const std::uint64_t since = index / 6 + numbers.Next(100);
  Made made{std::to_string(index),
            std::to_string(32'000'000'000 + numbers.Next(60'000'000)),
            "active_ongoing",
            numbers.Hex(96),
            numbers.Hex(64),
            "32000000000",
            "false",
            std::to_string(since),
            std::to_string(since),
            never,
            never};
  if (kind < 80) {
    made.status = "withdrawal_done";
    made.balance = made.effective = "0";
    made.exits = std::to_string(since + 40'000);
    made.withdrawable = std::to_string(since + 40'256);
  } else if (kind < 85) {
    made.status = "pending_queued";
    made.activated = never;
  } else if (kind < 87) {
    made.status = "active_slashed";
    made.slashed = "true";
    made.exits = std::to_string(since + 50'000);
    made.withdrawable = std::to_string(since + 58'192);
  }
  return made;
}

void AppendClients(const Made& made, std::string& to) {
  to += R"({"index":")" + made.index + R"(","balance":")" + made.balance + R"(","status":")" +
        made.status + R"(","validator":{"pubkey":")" + made.pubkey +
        R"(","withdrawal_credentials":")" + made.credentials + R"(","effective_balance":")" +
        made.effective + R"(","slashed":)" + made.slashed + R"(,"activation_eligibility_epoch":")" +
        made.eligible + R"(","activation_epoch":")" + made.activated + R"(","exit_epoch":")" +
        made.exits + R"(","withdrawable_epoch":")" + made.withdrawable + R"("}})";
}

// Members and white space as no client writes them: `turn` begins the order of the members
// elsewhere, and has its own spaces.
void AppendOther(const Made& made, std::size_t turn, std::string& to) {
  const auto quoted = [](const char* name, const std::string& value) {
    return std::string("\"") + name + "\": \"" + value + "\"";
  };
  const std::array<std::string, 8> inner = {quoted("withdrawable_epoch", made.withdrawable),
                                            quoted("exit_epoch", made.exits),
                                            quoted("activation_epoch", made.activated),
                                            quoted("activation_eligibility_epoch", made.eligible),
                                            "\"slashed\": " + made.slashed,
                                            quoted("effective_balance", made.effective),
                                            quoted("withdrawal_credentials", made.credentials),
                                            quoted("pubkey", made.pubkey)};
  const auto object = [turn](const auto& members) {
    std::string text = "{ ";
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i > 0) text += ", ";
      text.append((turn * 2654435761U >> (i + 5)) % 4, ' ');
      text += members[(i + turn) % members.size()];
    }
    return text + " }";
  };
  to += object(
      std::array<std::string, 4>{"\"validator\": " + object(inner), quoted("status", made.status),
                                 quoted("balance", made.balance), quoted("index", made.index)});
}

int MakeFile(std::uint64_t validators, std::string_view layout, const char* path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path, "wb"), std::fclose);
  if (file == nullptr) Die(std::string("cannot write ") + path);
  Numbers numbers;
  std::string some = R"({"execution_optimistic":false,"finalized":false,"data":[)";
  for (std::uint64_t i = 0; i < validators; ++i) {
    if (i > 0) some += layout == "clients" ? "," : " ,\n  ";
    const Made made = Make(i, numbers);
    if (layout == "clients") {
      AppendClients(made, some);
    } else {
      AppendOther(made, layout == "irregular" ? i : 0, some);
    }
    if (some.size() > 1 << 20 || i + 1 == validators) {
      if (i + 1 == validators) some += "]}\n";
      if (std::fwrite(some.data(), 1, some.size(), file.get()) != some.size()) Die("disk full");
      some.clear();
    }
  }
  return 0;
}

// One connection after the other, one answer each.
int Serve(const char* path) {
  const auto listener = stakewatch::ListenOn("127.0.0.1", 0);
  if (!listener) Die("no port");
  std::printf("http://%s\n", stakewatch::BoundAddress(listener->Fd()).c_str());
  std::fflush(stdout);
  for (;;) {
    if (!stakewatch::WaitFor(listener->Fd(), POLLIN, Deadline(std::chrono::hours(1)))) return 0;
    const stakewatch::Socket peer(::accept4(listener->Fd(), nullptr, nullptr, SOCK_CLOEXEC));
    const stakewatch::Socket file(::open(path, O_RDONLY | O_CLOEXEC));
    struct stat about{};
    std::string request;
    for (char c = 0; !request.ends_with("\r\n\r\n") && ::recv(peer.Fd(), &c, 1, 0) == 1;) {
      request += c;
    }
    if (::fstat(file.Fd(), &about) != 0) Die("cannot read the file");
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(about.st_size) + "\r\n\r\n";
    if (::send(peer.Fd(), head.data(), head.size(), MSG_NOSIGNAL) < 0) continue;
    while (::sendfile(peer.Fd(), file.Fd(), nullptr, 1 << 20) > 0) {
    }
  }
}

// The limit: the bytes come to us, and each is looked at once.
std::uint64_t Touch(const char* from, std::size_t size) {
  std::uint64_t sum = 0;
  for (; size >= sizeof sum; size -= sizeof sum, from += sizeof sum) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, sizeof word);
    sum += word;
  }
  return sum;
}

std::uint64_t TouchAll(const std::string& where) {
  stakewatch::Socket from;
  if (where.starts_with("http://")) {
    const auto url = stakewatch::ParseUrl(where);
    auto connected =
        stakewatch::ConnectTcp(url->host, url->port, Deadline(std::chrono::seconds(5)));
    if (!connected) Die(connected.error().what);
    from = std::move(*connected);
    ::fcntl(from.Fd(), F_SETFL, 0);  // So that read() waits.
    const std::string_view request = "GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
    if (::send(from.Fd(), request.data(), request.size(), 0) < 0) Die("no server");
  } else {
    from = stakewatch::Socket(::open(where.c_str(), O_RDONLY | O_CLOEXEC));
  }
  std::vector<char> buffer(kReadBytes);
  std::uint64_t sum = 0;
  for (ssize_t n = 0; (n = ::read(from.Fd(), buffer.data(), buffer.size())) > 0;) {
    sum += Touch(buffer.data(), static_cast<std::size_t>(n));
  }
  return sum;
}

stakewatch::Result<ValidatorSet> Ours(const std::string& where) {
  if (where.starts_with("http://")) {
    const auto node = stakewatch::HttpUpstream(where, {});
    if (!node) Die(node.error());
    return stakewatch::beacon::AskValidatorSet(stakewatch::beacon::Client(**node),
                                               Deadline(std::chrono::minutes(5)));
  }
  const stakewatch::Socket file(::open(where.c_str(), O_RDONLY | O_CLOEXEC));
  stakewatch::beacon::ValidatorSetReader reader;
  for (;;) {
    const auto room = reader.Room();
    const ssize_t n = ::read(file.Fd(), room.data(), room.size());
    if (n <= 0) return reader.Finish();
    if (const auto taken = reader.Take(static_cast<std::size_t>(n)); !taken) {
      return std::unexpected(taken.error());
    }
  }
}

// The same sums by nlohmann's SAX interface: its lightest way to read what does not fit.
struct Sax : nlohmann::json_sax<nlohmann::json> {
  std::string name;
  std::uint64_t validators = 0, active = 0, balance = 0, effective_balance = 0, slashed = 0;

  bool null() override { return true; }
  bool boolean(bool value) override {
    if (name == "slashed" && value) ++slashed;
    return true;
  }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t& value) override {
    if (name == "balance") balance += std::stoull(value);
    if (name == "effective_balance") effective_balance += std::stoull(value);
    if (name == "status") {
      ++validators;
      if (value.starts_with("active_")) ++active;
    }
    return true;
  }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t& value) override {
    name = value;
    return true;
  }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& error) override {
    Die(error.what());
  }
};

// Of VmHWM: what getrusage says includes the memory of the process that started this one.
long PeakKilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmHWM:" && status >> word) return std::stol(word);
  }
  return 0;
}

void PrintSums(std::uint64_t validators, std::uint64_t active, std::uint64_t balance,
               std::uint64_t effective_balance, std::uint64_t slashed) {
  std::printf("found %ju %ju %ju %ju %ju\n", static_cast<std::uintmax_t>(validators),
              static_cast<std::uintmax_t>(active), static_cast<std::uintmax_t>(balance),
              static_cast<std::uintmax_t>(effective_balance), static_cast<std::uintmax_t>(slashed));
}

void ReadBy(std::string_view how, const std::string& where) {
  if (how == "touch") {
    std::printf("found %ju\n", static_cast<std::uintmax_t>(TouchAll(where)));
  } else if (how == "ours") {
    const auto set = Ours(where);
    if (!set) Die(set.error().what);
    stakewatch::beacon::ValidatorSums all;
    for (const auto& sums : set->by_status) {
      all.validators += sums.validators;
      all.balance += sums.balance;
      all.effective_balance += sums.effective_balance;
    }
    PrintSums(all.validators, set->Active().validators, all.balance, all.effective_balance,
              set->slashed);
  } else {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(where.c_str(), "rb"),
                                                               std::fclose);
    Sax sax;
    nlohmann::json::sax_parse(file.get(), &sax);
    PrintSums(sax.validators, sax.active, sax.balance, sax.effective_balance, sax.slashed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 4 && words[0] == "make") {
    return MakeFile(std::stoull(words[1]), words[2], argv[4]);
  }
  if (words.size() == 2 && words[0] == "serve") return Serve(argv[2]);
  if (words.size() != 2) Die("make, serve, touch, ours or sax");
  const auto start = std::chrono::steady_clock::now();
  ReadBy(words[0], words[1]);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  std::printf("took %.4f %.4f %ld\n", wall.count(), seconds(used.ru_utime) + seconds(used.ru_stime),
              PeakKilobytes());
  return 0;
}
