#include "common/text.h"

#include <system_error>

namespace stakewatch {
namespace {

// A character at the front of a text, or as many bytes as could have begun one.
struct Utf8Piece {
  std::size_t length = 1;
  bool whole = false;
};

// RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF. `text` is not empty.
Utf8Piece FirstPiece(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size() || byte(i) < low || byte(i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

// C0, DEL, C1 (U+0080 to U+009F), and the characters that reorder a line on screen: U+200E, U+200F,
// U+202A to U+202E, U+2066 to U+2069.
bool Control(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
  if (character.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
  if (character.size() != 3 || byte(0) != 0xE2) return false;
  if (byte(1) == 0x80) {
    return byte(2) == 0x8E || byte(2) == 0x8F || (byte(2) >= 0xAA && byte(2) <= 0xAE);
  }
  return byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;
}

}  // namespace

std::string CleanText(std::string_view text, std::size_t bytes_max) {
  std::string clean;
  while (!text.empty()) {
    const Utf8Piece piece = FirstPiece(text);
    const std::size_t taken = piece.whole ? piece.length : 1;
    const bool shown = piece.whole && !Control(text.substr(0, taken));
    if (clean.size() + (shown ? taken : 1) > bytes_max) break;
    if (shown) {
      clean += text.substr(0, taken);
    } else {
      clean += '?';
    }
    text.remove_prefix(taken);
  }
  return clean;
}

std::string MendUtf8(std::string text) {
  std::string mended;
  std::size_t copied = 0;  // Of `text`, whose good stretches are copied as a whole.
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Piece piece = FirstPiece(std::string_view(text).substr(at));
    if (!piece.whole) {
      mended.append(text, copied, at - copied).append("\xEF\xBF\xBD");
      copied = at + piece.length;
    }
    at += piece.length;
  }
  if (copied == 0) return text;
  return mended.append(text, copied);
}

std::string HexOf(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

std::string SystemMessage(int error) {
  return std::generic_category().message(error);
}

}  // namespace stakewatch
