#include "common/json_cut.h"

#include <algorithm>

#include "common/json_text.h"

namespace stakewatch {

void JsonCut::Begin() {
  within_ = Within::kNothing;
  open_.clear();
}

bool JsonCut::Closes(char c) {
  if (open_.empty() || open_.back() != c) return false;
  open_.pop_back();
  return true;
}

// From inside a string to behind it.
JsonCut::State JsonCut::TakeString(std::string_view text, std::size_t& done) {
  while (done < text.size()) {
    if (within_ == Within::kEscape) {
      within_ = Within::kString;
      ++done;
      continue;
    }
    done = static_cast<std::size_t>(SkipPlain(text.data() + done) - text.data());
    if (done >= text.size()) break;
    const char c = text[done++];
    if (c == '"') {
      within_ = Within::kBrackets;
      return State::kDone;
    }
    if (c == '\\') {
      within_ = Within::kEscape;
    } else if (static_cast<unsigned char>(c) < ' ') {
      return State::kBad;
    }
  }
  done = text.size();
  return State::kMore;
}

JsonCut::State JsonCut::Take(std::string_view text, std::size_t& done) {
  while (done < text.size()) {
    if (within_ == Within::kString || within_ == Within::kEscape) {
      const State state = TakeString(text, done);
      if (state != State::kDone || open_.empty()) return state;
      continue;
    }
    const char c = text[done];
    if (within_ == Within::kBare && !IsBare(c)) return State::kDone;
    if (c == '"') {
      within_ = Within::kString;
    } else if (c == '{' || c == '[') {
      if (open_.size() == kDepthMax) return State::kBad;
      open_ += c == '{' ? '}' : ']';
      within_ = Within::kBrackets;
    } else if (c == '}' || c == ']') {
      if (!Closes(c)) return State::kBad;
      if (open_.empty()) {
        ++done;
        return State::kDone;
      }
    } else if (IsBare(c)) {
      if (open_.empty()) within_ = Within::kBare;
    } else if (open_.empty() || (c != ',' && c != ':' && !IsJsonSpace(c))) {
      return State::kBad;
    }
    ++done;
  }
  return State::kMore;
}

}  // namespace stakewatch
