#pragma once
// How Jormungandr writes numbers, dates and times, over all of its versions.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/json.h"

namespace stakewatch::jormungandr {

// "1.46": epoch and slot.
struct BlockDate {
  std::uint64_t epoch = 0;
  std::uint64_t slot = 0;
};
std::optional<BlockDate> ReadBlockDate(std::string_view text);

// "2026-11-21T06:34:31.00104162Z", with none to nine digits of a fraction, or +00:00 for the Z; in
// Unix seconds.
std::optional<double> ReadTime(std::string_view text);

// A whole number of at most 64 bits, as one or in a string; none for null. Throws BadShape for
// anything else, a sign included.
std::optional<std::uint64_t> CountOf(JsonValue value);
// The same, as a sample.
std::optional<double> SampleOf(JsonValue value);
// Any number; none for null.
std::optional<double> NumberOf(JsonValue value);
// A time; none for null. Throws BadShape for what is none.
std::optional<double> TimeOf(JsonValue value);

}  // namespace stakewatch::jormungandr
