#pragma once
// Whether an answer of ours has the shape of a recorded one.
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace stakewatch::sim {

// What two texts of the same meaning have in common, e.g. that they are 32 bytes in hex; `where` is
// the path of members, such as data.header.root.
using FormOf = std::function<std::string(const std::string& where, const std::string& text)>;

// "" or what differs, and where: members and their order, JSON types, forms of texts. Each element
// of an array of ours is held against the first recorded one.
std::string Difference(const nlohmann::ordered_json& recorded, const nlohmann::ordered_json& ours,
                       const std::string& where, const FormOf& form);

}  // namespace stakewatch::sim
