#pragma once
// Foreign text made fit to show: in a label, on a page, on a terminal, in a log line.
#include <cstddef>
#include <string>
#include <string_view>

namespace stakewatch {

// At most `bytes_max` bytes of `text`; what is not UTF-8 and every control character, those of
// Unicode that turn the direction of writing included, is replaced by '?'.
std::string CleanText(std::string_view text, std::size_t bytes_max);

// `text` with U+FFFD for what is not UTF-8, one for each longest beginning of a character (the
// decoder of the WHATWG's Encoding standard). Up to three times as long.
std::string MendUtf8(std::string text);

// The bytes as hexadecimal digits, in lower case.
std::string HexOf(std::string_view bytes);

// errno in words.
std::string SystemMessage(int error);

}  // namespace stakewatch
