#pragma once
// How far a run of JSON text goes, without looking for the end of the text: who calls these has
// kJsonReach bytes of zero after it, where every run ends.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace stakewatch {

inline constexpr std::size_t kJsonReach = 512;

// The first byte from `at` on that is not plain text of a string: a quote, a backslash, a control
// character (the zero at the end is one) or not ASCII. Reads up to 15 bytes more.
inline const char* SkipPlain(const char* at) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i space = _mm_set1_epi8(' ');
  for (;; at += 16) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // As signed bytes, what is not ASCII is below the space as well.
    const __m128i stop =
        _mm_or_si128(_mm_cmplt_epi8(text, space),
                     _mm_or_si128(_mm_cmpeq_epi8(text, quote), _mm_cmpeq_epi8(text, backslash)));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(stop));
    if (found != 0) return at + std::countr_zero(found);
  }
#else
  for (;; ++at) {
    const auto c = static_cast<signed char>(*at);
    if (c < ' ' || c == '"' || c == '\\') return at;
  }
#endif
}

inline bool IsJsonSpace(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
// Reads up to 16 bytes more.
inline const char* SkipJsonSpace(const char* at) {
  if (!IsJsonSpace(*at)) return at;
#if defined(__SSE2__)
  // How much space there is nobody can predict, so no branch hangs on it.
  const __m128i space = _mm_set1_epi8(' ');
  const __m128i line = _mm_set1_epi8('\n');
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i turn = _mm_set1_epi8('\r');
  for (++at;; at += 16) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i skip =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(text, space), _mm_cmpeq_epi8(text, line)),
                     _mm_or_si128(_mm_cmpeq_epi8(text, tab), _mm_cmpeq_epi8(text, turn)));
    const auto others = ~static_cast<unsigned>(_mm_movemask_epi8(skip)) & 0xffffU;
    if (others != 0) return at + std::countr_zero(others);
  }
#else
  while (IsJsonSpace(*at)) ++at;
  return at;
#endif
}

// What numbers, true, false and null are made of.
inline bool IsBare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' ||
         c == 'E';
}
inline const char* SkipBare(const char* at) {
  while (IsBare(*at)) ++at;
  return at;
}

}  // namespace stakewatch
