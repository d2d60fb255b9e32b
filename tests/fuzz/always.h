#pragma once
// An upstream that gives the fuzzer's text to each question.
#include <string>
#include <utility>

#include "common/upstream/upstream.h"

class Always : public stakewatch::Upstream {
 public:
  explicit Always(std::string answer) : answer_(std::move(answer)) {}
  stakewatch::Result<std::string> Ask(const stakewatch::Request&,
                                      const stakewatch::Deadline&) const override {
    return answer_;
  }

 private:
  std::string answer_;
};
