// Objects, member by member.
#include "tests/sim/beacon_json.h"

namespace stakewatch::sim {

void BeaconObject::Name(std::string_view name) {
  if (text_.size() > 1) text_ += ',';
  text_ += '"';
  text_ += name;
  text_ += "\":";
}

BeaconObject& BeaconObject::Text(std::string_view name, std::string_view text) {
  Name(name);
  text_ += '"';
  text_ += text;
  text_ += '"';
  return *this;
}

BeaconObject& BeaconObject::Number(std::string_view name, std::uint64_t value) {
  return Text(name, std::to_string(value));
}

BeaconObject& BeaconObject::Amount(std::string_view name, std::int64_t gwei) {
  return Text(name, std::to_string(gwei));
}

BeaconObject& BeaconObject::Flag(std::string_view name, bool value) {
  return Json(name, value ? "true" : "false");
}

BeaconObject& BeaconObject::Json(std::string_view name, std::string_view json) {
  Name(name);
  text_ += json;
  return *this;
}

void AddToArray(std::string& array, std::string_view json) {
  if (array.empty()) {
    array += '[';
  } else {
    // "[…]" is opened again.
    if (array.back() == ']') array.pop_back();
    if (array.size() > 1) array += ',';
  }
  array += json;
  array += ']';
}

}  // namespace stakewatch::sim
