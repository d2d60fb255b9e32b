#include "tests/testing.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace stakewatch::testing {
namespace {

std::string WithoutDurations(const std::string& page) {
  std::istringstream lines(page);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("stakewatch_source_duration_seconds{")) kept += line + "\n";
  }
  return kept;
}

}  // namespace

std::string TestsFolder() {
  return STAKEWATCH_TESTS;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + " cannot be read");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool Case::Matches(const std::string& page) const {
  const std::string got = WithoutDurations(page);
  const std::string path = folder + "/expected.prom";
  if (std::getenv("STAKEWATCH_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << got;
    return true;
  }
  const std::string expected = ReadFile(path);
  if (got == expected) return true;
  const auto differ = std::ranges::mismatch(expected, got);
  const auto at = static_cast<std::size_t>(differ.in1 - expected.begin());
  const std::size_t line = expected.rfind('\n', at == 0 ? 0 : at - 1) + 1;
  std::fprintf(stderr, "%s: expected\n  %s\ngot\n  %s\n", path.c_str(),
               expected.substr(line, 200).c_str(), got.substr(line, 200).c_str());
  return false;
}

std::vector<Case> Cases(std::string_view exporter) {
  std::vector<Case> cases;
  const std::string folder = TestsFolder() + "/" + std::string(exporter) + "/cases";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string path = entry.path().string();
    cases.push_back({entry.path().filename().string(), path, RecordedUpstream(path)});
  }
  if (cases.empty()) throw std::runtime_error("no case in " + folder);
  std::ranges::sort(cases, {}, &Case::name);
  return cases;
}

TemporaryFolder::TemporaryFolder() {
  std::string path = (std::filesystem::temp_directory_path() / "stakewatch-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = path;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::Write(const std::string& name, std::string_view content) const {
  const std::string path = path_ + "/" + name;
  std::ofstream(path, std::ios::binary) << content;
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  return path;
}

}  // namespace stakewatch::testing
