// Shapes compared.
#include "tests/sim/test_shapes.h"

#include <vector>

namespace stakewatch::sim {
namespace {

using Json = nlohmann::ordered_json;

std::string KindOf(const Json& value) {
  if (value.is_number_float()) return "float";
  if (value.is_number()) return "integer";
  return value.type_name();
}

}  // namespace

std::string Difference(const Json& recorded, const Json& ours, const std::string& where,
                       const FormOf& form) {
  if (KindOf(recorded) != KindOf(ours)) return where + ": " + KindOf(ours);
  if (recorded.is_string()) {
    const std::string theirs = form(where, recorded.get<std::string>());
    const std::string our_form = form(where, ours.get<std::string>());
    return theirs == our_form ? "" : where + ": " + our_form + " instead of " + theirs;
  }
  if (recorded.is_array() && !recorded.empty()) {
    for (const Json& element : ours) {
      const std::string what = Difference(recorded[0], element, where + "[]", form);
      if (!what.empty()) return what;
    }
    return ours.empty() ? where + ": empty" : "";
  }
  if (!recorded.is_object()) return {};
  std::vector<std::string> names, our_names;
  for (const auto& [name, value] : recorded.items()) names.push_back(name);
  for (const auto& [name, value] : ours.items()) our_names.push_back(name);
  if (names != our_names) return where + ": other members or another order: " + ours.dump();
  for (const std::string& name : names) {
    const std::string prefix = where.empty() ? "" : where + '.';
    const std::string what = Difference(recorded[name], ours[name], prefix + name, form);
    if (!what.empty()) return what;
  }
  return {};
}

}  // namespace stakewatch::sim
