// The page writer against prometheus-cpp's own, on random families.
#include "common/page.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <random>
#include <sstream>

#include <prometheus/text_serializer.h>
#include <zlib.h>

#include "common/metrics.h"

namespace stakewatch {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

double RandomValue(std::mt19937_64& random) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double special[] = {0,      -0.0,   1,    -1,  kInfinity,          -kInfinity,
                            1e15,   1e21,   1e-7, 0.1, 9007199254740993.0, std::nan(""),
                            5e-324, 1.7e308};
  if (random() % 3 == 0) return special[random() % std::size(special)];
  return std::ldexp(static_cast<double>(random() % 1000003), static_cast<int>(random() % 60) - 30);
}

std::string RandomLabelValue(std::mt19937_64& random) {
  constexpr char kBytes[] = "ab\"\\\n{},= #\xC3\xA9";
  std::string text;
  for (std::uint64_t i = random() % 9; i > 0; --i) text += kBytes[random() % (sizeof kBytes - 1)];
  return text;
}

MetricFamily RandomFamily(std::mt19937_64& random, int number) {
  MetricFamily family;
  family.name = "try_" + std::to_string(number);
  family.help = "Random.";
  constexpr MetricType kTypes[] = {MetricType::Gauge, MetricType::Counter, MetricType::Histogram};
  family.type = kTypes[random() % 3];
  for (std::uint64_t i = 1 + random() % 4; i > 0; --i) {
    ClientMetric& sample = family.metric.emplace_back();
    sample.label.push_back({"n", std::to_string(i)});
    for (std::uint64_t l = random() % 3; l > 0; --l) {
      sample.label.push_back({"l" + std::to_string(l), RandomLabelValue(random)});
    }
    sample.gauge.value = sample.counter.value = RandomValue(random);
    sample.histogram.sample_count = random() % 1000;
    sample.histogram.sample_sum = RandomValue(random);
    sample.histogram.bucket = {
        {random() % 10, 0.25},
        {random() % 100, 8},
        {sample.histogram.sample_count, std::numeric_limits<double>::infinity()}};
  }
  return family;
}

// Each line but the value, and the value as parsed: the two writers differ in digits and in 1e+15.
std::map<std::string, double> Samples(const std::string& page) {
  std::map<std::string, double> samples;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.rfind(' ');
    const std::string word = line.substr(space + 1);
    if (line.starts_with('#')) {
      samples[line] = 0;
      continue;
    }
    std::string key = line.substr(0, space);
    if (const auto le = key.find("le=\"8.0\""); le != std::string::npos)
      key.replace(le, 8, "le=\"8\"");
    double value = std::nan("");
    if (word == "+Inf" || word == "-Inf") {
      value = word[0] == '-' ? -HUGE_VAL : HUGE_VAL;
    } else if (word != "NaN" && word != "Nan") {
      char* end = nullptr;
      value = std::strtod(word.c_str(), &end);
      REQUIRE(end == word.c_str() + word.size());
    }
    CHECK(samples.emplace(key, value).second);
  }
  return samples;
}

TEST_CASE("page: says what TextSerializer says") {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<MetricFamily> families;
    for (int i = 0; i < 5; ++i) families.push_back(RandomFamily(random, i));
    const auto ours = Samples(WritePage(families));
    const auto theirs = Samples(prometheus::TextSerializer().Serialize(families));
    CAPTURE(seed);
    REQUIRE(ours.size() == theirs.size());
    for (auto a = ours.begin(), b = theirs.begin(); a != ours.end(); ++a, ++b) {
      CHECK(a->first == b->first);
      const bool same = (std::isnan(a->second) && std::isnan(b->second)) ||
                        a->second == b->second ||
                        std::abs(a->second - b->second) <= 1e-14 * std::abs(a->second);
      CAPTURE(a->second);
      CAPTURE(b->second);
      CHECK(same);
    }
  }
}

TEST_CASE("page: gzip comes back as it was") {
  std::string text;
  for (int i = 0; i < 10000; ++i) text += "geth_peers{client=\"" + std::to_string(i) + "\"} 1\n";
  const std::string zipped = Gzip(text);
  CHECK(zipped.size() < text.size() / 4);
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string back(text.size() + 1, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zipped.data()));
  stream.avail_in = static_cast<uInt>(zipped.size());
  stream.next_out = reinterpret_cast<Bytef*>(back.data());
  stream.avail_out = static_cast<uInt>(back.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  back.resize(stream.total_out);
  inflateEnd(&stream);
  CHECK(back == text);
}

}  // namespace
}  // namespace stakewatch
