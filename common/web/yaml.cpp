#include "common/web/yaml.h"

#include <algorithm>
#include <set>
#include <utility>

namespace stakewatch {

YamlSection::YamlSection(const YAML::Node& node, std::string name,
                         std::span<const std::string_view> allowed)
    : name_(std::move(name)), node_(node) {
  if (!node.IsDefined() || node.IsNull()) {
    node_.reset(YAML::Node(YAML::NodeType::Map));
    return;
  }
  if (!node.IsMap()) {
    throw BadConfig{(name_.empty() ? "the file" : name_) + " is no mapping of keys to values"};
  }
  std::set<std::string> seen;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) throw BadConfig{"a key of " + name_ + " is no text"};
    const std::string& key = entry.first.Scalar();
    if (!allowed.empty() && std::ranges::find(allowed, key) == allowed.end()) {
      Wrong(key, "is not known; here may stand: " + Listed(allowed));
    }
    if (!seen.insert(key).second) Wrong(key, "stands twice");
  }
}

std::optional<std::string> YamlSection::Text(std::string_view key) const {
  const YAML::Node value = Find(key);
  if (!value.IsDefined()) return std::nullopt;
  if (!value.IsScalar()) Wrong(key, "is no text");
  return value.Scalar();
}

std::optional<bool> YamlSection::Bool(std::string_view key) const {
  const auto text = Text(key);
  if (!text) return std::nullopt;
  if (*text == "true") return true;
  if (*text == "false") return false;
  Wrong(key, "is neither true nor false");
}

std::vector<std::string> YamlSection::Texts(std::string_view key) const {
  const YAML::Node value = Find(key);
  std::vector<std::string> texts;
  if (!value.IsDefined()) return texts;
  if (!value.IsSequence()) Wrong(key, "is no list");
  for (const auto& one : value) {
    if (!one.IsScalar()) Wrong(key, "has an entry that is no text");
    texts.push_back(one.Scalar());
  }
  return texts;
}

YAML::Node YamlSection::Find(std::string_view key) const {
  for (const auto& entry : node_) {
    if (entry.first.Scalar() == key && !entry.second.IsNull()) return entry.second;
  }
  return YAML::Node(YAML::NodeType::Undefined);
}

std::vector<std::string> YamlSection::Keys() const {
  std::vector<std::string> keys;
  for (const auto& entry : node_) keys.push_back(entry.first.Scalar());
  return keys;
}

std::string YamlSection::NameOf(std::string_view key) const {
  return name_.empty() ? std::string(key) : name_ + "." + std::string(key);
}

void YamlSection::Wrong(std::string_view key, const std::string& why) const {
  throw BadConfig{NameOf(key) + " " + why};
}

std::string Listed(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

}  // namespace stakewatch
