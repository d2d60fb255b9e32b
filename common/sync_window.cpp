#include "common/sync_window.h"

namespace stakewatch {
namespace {

constexpr double kWindowSeconds = 600;
constexpr double kSpanSecondsMin = 30;
constexpr std::size_t kSamplesMax = 1000;

}  // namespace

std::optional<double> SyncWindow::Add(double now_seconds, double height) {
  const std::lock_guard lock(mutex_);
  if (!samples_.empty() && height < samples_.back().second) samples_.clear();
  // Two scrapes at the same instant, in any order, are one sample.
  if (samples_.empty() || now_seconds > samples_.back().first) {
    samples_.emplace_back(now_seconds, height);
  }
  while (samples_.size() > kSamplesMax || now_seconds - samples_.front().first > kWindowSeconds) {
    samples_.pop_front();
  }
  if (samples_.size() < 3 || samples_.back().first - samples_.front().first < kSpanSecondsMin) {
    return std::nullopt;
  }
  const double n = static_cast<double>(samples_.size());
  const auto [t0, h0] = samples_.front();
  double t = 0, b = 0, tt = 0, tb = 0;
  for (const auto& [time, sample] : samples_) {
    t += time - t0;
    b += sample - h0;
    tt += (time - t0) * (time - t0);
    tb += (time - t0) * (sample - h0);
  }
  return (n * tb - t * b) / (n * tt - t * t);
}

void SyncWindow::Clear() {
  const std::lock_guard lock(mutex_);
  samples_.clear();
}

}  // namespace stakewatch
