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

#define STAKEWATCH_INLINE [[gnu::always_inline]] inline

namespace stakewatch {

inline constexpr std::size_t kJsonReach = 512;

// A bit for each of 16 bytes that is not plain text of a string: a quote, a backslash, a control
// character (the zero at the end is one) or not ASCII.
inline std::uint32_t NotPlain16(const char* at) {
#if defined(__SSE2__)
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  // As signed bytes, what is not ASCII is below the space as well.
  const __m128i stop = _mm_or_si128(_mm_cmplt_epi8(text, _mm_set1_epi8(' ')),
                                    _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('"')),
                                                 _mm_cmpeq_epi8(text, _mm_set1_epi8('\\'))));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(stop));
#else
  std::uint32_t stops = 0;
  for (int i = 0; i < 16; ++i) {
    const auto c = static_cast<signed char>(at[i]);
    stops |= static_cast<std::uint32_t>(c < ' ' || c == '"' || c == '\\') << i;
  }
  return stops;
#endif
}

// The first byte from `at` on that is not plain text of a string. Reads up to 15 bytes more.
inline const char* SkipPlain(const char* at) {
  for (;; at += 16) {
    const std::uint32_t stops = NotPlain16(at);
    if (stops != 0) return at + std::countr_zero(stops);
  }
}

// Where one string after the other ends. Looks 64 bytes at a time, before they are needed, and
// finds what is next in them by a word alone, so that the processor need not have found the end of
// one string to look for the next.
class JsonQuotes {
 public:
  // Reads up to 191 bytes more.
  explicit JsonQuotes(const char* at) : at_(at), stops_(Look(at)), ahead_(Look(at + 64)) {}

  // The first byte that is not plain from `begin` on, which is behind an opening quote, and behind
  // that of the call before.
  STAKEWATCH_INLINE const char* EndOf(const char* begin) {
    while (Next() < begin) stops_ &= stops_ - 1;
    return Next();
  }

 private:
  static std::uint64_t Look(const char* at) {
    std::uint64_t stops = 0;
    for (int i = 0; i < 64; i += 16) stops |= std::uint64_t{NotPlain16(at + i)} << i;
    return stops;
  }
  STAKEWATCH_INLINE const char* Next() {
    while (stops_ == 0) {
      at_ += 64;
      stops_ = ahead_;
      ahead_ = Look(at_ + 64);
    }
    return at_ + std::countr_zero(stops_);
  }

  const char* at_;
  std::uint64_t stops_;  // Of the 64 bytes, those that are not plain and not passed.
  std::uint64_t ahead_;  // Of the 64 bytes behind them.
};

inline bool IsJsonSpace(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
// Reads up to 15 bytes more.
inline const char* SkipJsonSpace(const char* at) {
  if (*at > ' ') return at;
  for (;; ++at) {
#if defined(__SSE2__)
    // How many spaces there are nobody can predict, so no branch hangs on it.
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i spaces = _mm_cmpeq_epi8(text, _mm_set1_epi8(' '));
    at += std::countr_one(static_cast<std::uint32_t>(_mm_movemask_epi8(spaces)));
#endif
    if (!IsJsonSpace(*at)) return at;
  }
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
