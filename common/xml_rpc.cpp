#include "common/xml_rpc.h"

#include "common/number.h"
#include "common/text.h"

namespace stakewatch {
namespace {

constexpr std::size_t kFaultWordsMax = 200;

pugi::xml_node Child(pugi::xml_node of, const char* name) {
  const pugi::xml_node child = of.child(name);
  if (!child) throw BadShape{"not the XML-RPC expected: no <" + std::string(name) + ">"};
  return child;
}

}  // namespace

std::string XmlRpcCall(std::string_view method) {
  return "<?xml version=\"1.0\"?><methodCall><methodName>" + std::string(method) +
         "</methodName><params/></methodCall>";
}

pugi::xml_node XmlRpcValue::Of(std::string_view type) const {
  const pugi::xml_node typed = value_.first_child();
  if (std::string_view(typed.name()) == type) return typed;
  throw BadShape{"not the XML-RPC expected: no " + std::string(type)};
}

std::int64_t XmlRpcValue::Int() const {
  const bool i4 = std::string_view(value_.first_child().name()) == "i4";
  const std::string_view text = Of(i4 ? "i4" : "int").text().get();
  const auto number = WholeNumber<std::int64_t>(text);
  if (!number) throw BadShape{"not a whole number: " + CleanText(text, 40)};
  return *number;
}

bool XmlRpcValue::Bool() const {
  const std::string_view text = Of("boolean").text().get();
  if (text != "0" && text != "1") throw BadShape{"no boolean: " + CleanText(text, 40)};
  return text == "1";
}

std::string_view XmlRpcValue::String() const {
  const pugi::xml_node typed = value_.first_child();
  const bool bare = !typed || typed.type() == pugi::node_pcdata;
  return (bare ? value_ : Of("string")).text().get();
}

XmlRpcValue XmlRpcValue::Member(std::string_view name) const {
  for (const pugi::xml_node member : Of("struct").children("member")) {
    if (name == member.child("name").text().get()) return XmlRpcValue(Child(member, "value"));
  }
  throw BadShape{"not the XML-RPC expected: no member " + std::string(name)};
}

pugi::xml_node XmlRpcValue::Elements() const {
  return Child(Of("array"), "data");
}

XmlRpcDocument::XmlRpcDocument(const std::string& text) {
  const auto parsed =
      document_.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed) throw BadShape{std::string("not XML: ") + parsed.description()};
  const pugi::xml_node response = Child(document_.root(), "methodResponse");
  const pugi::xml_node fault = response.child("fault");
  fault_ = !fault.empty();
  value_ = Child(fault_ ? fault : Child(Child(response, "params"), "param"), "value");
}

Error XmlRpcDocument::Fault() const {
  const XmlRpcValue fault = Value();
  const std::int64_t code = fault.Member("faultCode").Int();
  return {Reason::kRpcError,
          "fault " + std::to_string(code) + ": " +
              CleanText(fault.Member("faultString").String(), kFaultWordsMax),
          static_cast<int>(code)};
}

}  // namespace stakewatch
