#include "common/scrape/probe.h"

#include <algorithm>

#include "common/net/net.h"

namespace stakewatch {
namespace {

bool Wild(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

// Goes back to the last star only, as a star never needs to give up what an earlier one took.
bool Matches(std::string_view text, std::string_view pattern) {
  std::size_t at = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_took = 0;
  while (at < text.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == '*' && at < text.size() && Wild(text[at])) {
      star = p++;
      star_took = ++at;
    } else if (p < pattern.size() && pattern[p] != '*' && at < text.size() &&
               pattern[p] == text[at]) {
      ++p;
      ++at;
    } else if (star != std::string_view::npos && star_took < text.size() && Wild(text[star_took])) {
      at = ++star_took;
      p = star + 1;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

bool ProbeAllowed(std::string_view target, const std::vector<std::string>& patterns) {
  if (target.size() > 2048 || !ParseUrl(target)) return false;
  return std::ranges::any_of(patterns, [&](const auto& p) { return Matches(target, p); });
}

Checked<std::shared_ptr<Scraper>> ProbeTargets::Of(const std::string& target) {
  const std::lock_guard lock(mutex_);
  if (const auto known = by_target_.find(target); known != by_target_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, known->second);
    return known->second->scraper;
  }
  auto sources = make_(target);
  if (!sources) return std::unexpected(sources.error());
  by_use_.push_front(
      {target, std::make_shared<Scraper>(std::move(*sources), metrics_, crew_, nullptr)});
  by_target_[target] = by_use_.begin();
  if (by_use_.size() > kTargetsMax) {
    by_target_.erase(by_use_.back().target);
    by_use_.pop_back();
  }
  return by_use_.front().scraper;
}

}  // namespace stakewatch
