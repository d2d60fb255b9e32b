#pragma once
// A mapping of a YAML file whose keys are known: what is not, stands twice or has another type is
// an error that names it. The only door to yaml-cpp.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "common/result.h"

namespace stakewatch {

// What readers throw. Ends in DecodeYaml.
struct BadConfig {
  std::string what;
};

class YamlSection {
 public:
  // Throws BadConfig. `name` is where it stands in the file, empty for the root; nothing at all is
  // an empty mapping. With no `allowed` keys any key is.
  YamlSection(const YAML::Node& node, std::string name, std::span<const std::string_view> allowed);

  // None when it is missing or null; throws BadConfig when it has another type.
  std::optional<std::string> Text(std::string_view key) const;
  std::optional<bool> Bool(std::string_view key) const;
  std::vector<std::string> Texts(std::string_view key) const;
  YAML::Node Find(std::string_view key) const;  // Undefined when missing or null.
  std::vector<std::string> Keys() const;

  std::string NameOf(std::string_view key) const;
  [[noreturn]] void Wrong(std::string_view key, const std::string& why) const;

 private:
  std::string name_;
  YAML::Node node_;
};

// `read` takes the root and may throw BadConfig.
template <class Read>
auto DecodeYaml(std::string_view text, Read read)
    -> Checked<std::invoke_result_t<Read, const YAML::Node&>> {
  try {
    return read(YAML::Load(std::string(text)));
  } catch (const BadConfig& e) {
    return std::unexpected(e.what);
  } catch (const YAML::Exception& e) {
    return std::unexpected("no YAML: line " + std::to_string(e.mark.line + 1) + ": " + e.msg);
  }
}

// "a, b, c".
std::string Listed(std::span<const std::string_view> words);

}  // namespace stakewatch
