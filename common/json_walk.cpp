#include "common/json_walk.h"

#include <utility>

#include "common/json_text.h"

namespace stakewatch {
namespace {

bool IsPlain(char c) {
  return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= ' ';
}

}  // namespace

JsonWalk::JsonWalk(OnToken on_token, std::size_t text_bytes_max)
    : on_token_(std::move(on_token)), text_bytes_max_(text_bytes_max) {}

Checked<void> JsonWalk::Tell(JsonToken::Kind kind, std::string_view text) {
  return on_token_({kind, text});
}

Checked<void> JsonWalk::Open(char c) {
  if (open_.size() == kDepthMax) return std::unexpected("not the JSON expected: too deep");
  open_ += c == '{' ? '}' : ']';
  next_ = c == '{' ? Next::kFirstName : Next::kFirstValue;
  return Tell(c == '{' ? JsonToken::Kind::kOpenObject : JsonToken::Kind::kOpenArray);
}

Checked<void> JsonWalk::Close(char c) {
  if (open_.empty() || open_.back() != c) {
    return std::unexpected("not JSON: brackets that do not match");
  }
  open_.pop_back();
  next_ = open_.empty() ? Next::kNothing : Next::kMore;
  return Tell(c == '}' ? JsonToken::Kind::kCloseObject : JsonToken::Kind::kCloseArray);
}

Checked<void> JsonWalk::EndText(bool quoted) {
  within_ = Within::kNothing;
  const bool name = next_ == Next::kName || next_ == Next::kFirstName;
  if (name) {
    next_ = Next::kColon;
  } else {
    next_ = open_.empty() ? Next::kNothing : Next::kMore;
  }
  const auto told = Tell(name     ? JsonToken::Kind::kName
                         : quoted ? JsonToken::Kind::kString
                                  : JsonToken::Kind::kBare,
                         text_);
  text_.clear();
  return told;
}

// Outside of a text: a bracket, a comma, a colon, a space, or the first byte of a text.
Checked<void> JsonWalk::TakeOne(char c) {
  if (IsJsonSpace(c)) return {};
  switch (next_) {
    case Next::kFirstName:
      if (c == '}') return Close(c);
      [[fallthrough]];
    case Next::kName:
      if (c != '"') return std::unexpected("not JSON: no name where one should be");
      within_ = Within::kString;
      return {};
    case Next::kColon:
      if (c != ':') return std::unexpected("not JSON: no colon after a name");
      next_ = Next::kValue;
      return {};
    case Next::kMore:
      if (c != ',') return Close(c);
      next_ = open_.back() == '}' ? Next::kName : Next::kValue;
      return {};
    case Next::kNothing:
      return std::unexpected("something follows the JSON");
    case Next::kFirstValue:
      if (c == ']') return Close(c);
      [[fallthrough]];
    case Next::kValue:
      break;
  }
  if (c == '{' || c == '[') return Open(c);
  if (c == '"') {
    within_ = Within::kString;
    return {};
  }
  if (!IsBare(c)) return std::unexpected("not JSON: no value where one should be");
  within_ = Within::kBare;
  text_ += c;
  return {};
}

std::size_t JsonWalk::TakePlain(std::string_view piece) {
  std::size_t end = 1;
  while (end < piece.size() && IsPlain(piece[end])) ++end;
  text_ += piece.substr(0, end);
  return end;
}

Checked<void> JsonWalk::Take(std::string_view piece) {
  for (std::size_t at = 0; at < piece.size();) {
    const char c = piece[at];
    Checked<void> taken;
    std::size_t bytes = 1;
    if (within_ == Within::kNothing) {
      taken = TakeOne(c);
    } else if (within_ == Within::kEscape) {
      text_ += c;
      within_ = Within::kString;
    } else if (within_ == Within::kBare) {
      if (IsBare(c)) {
        text_ += c;
      } else {
        bytes = 0;  // It is looked at once more, as what follows.
        taken = EndText(false);
      }
    } else if (c == '"') {
      taken = EndText(true);
    } else if (c == '\\') {
      text_ += c;
      within_ = Within::kEscape;
    } else if (IsPlain(c)) {
      bytes = TakePlain(piece.substr(at));
    } else {
      return std::unexpected("not JSON: a control character in a text");
    }
    if (!taken) return taken;
    if (text_.size() > text_bytes_max_) {
      return std::unexpected("a text of more than " + std::to_string(text_bytes_max_) + " bytes");
    }
    at += bytes;
  }
  return {};
}

Checked<void> JsonWalk::Finish() {
  if (within_ == Within::kBare) {
    if (const auto told = EndText(false); !told) return told;
  }
  if (next_ != Next::kNothing) return std::unexpected("the JSON is cut short");
  return {};
}

}  // namespace stakewatch
