#pragma once
// XML-RPC (xmlrpc.com/spec.md), as far as one only asks: calls without parameters, and answers read
// by pugixml, which expands no entity.
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <pugixml.hpp>

#include "common/result.h"

namespace stakewatch {

// The body of a call of `method`.
std::string XmlRpcCall(std::string_view method);

// One <value>. Borrows from the answer. Every reader throws BadShape when the value is another.
class XmlRpcValue {
 public:
  explicit XmlRpcValue(pugi::xml_node value) : value_(value) {}

  std::int64_t Int() const;         // <int> or <i4>.
  bool Bool() const;                // <boolean>.
  std::string_view String() const;  // <string>, or text without a type.
  // Of a <struct>; of two members of one name the first counts.
  XmlRpcValue Member(std::string_view name) const;
  // Calls `each(XmlRpcValue)` for the elements of an <array>.
  template <class Each>
  void ForEach(Each each) const {
    for (const pugi::xml_node value : Elements().children()) {
      if (std::string_view(value.name()) == "value") each(XmlRpcValue(value));
    }
  }

 private:
  pugi::xml_node Of(std::string_view type) const;
  pugi::xml_node Elements() const;

  pugi::xml_node value_;
};

// One parsed methodResponse.
class XmlRpcDocument {
 public:
  explicit XmlRpcDocument(const std::string& text);  // Throws BadShape.
  // What was answered; none for a fault.
  bool IsFault() const { return fault_; }
  XmlRpcValue Value() const { return XmlRpcValue(value_); }
  // Of a fault: kRpcError with faultCode and faultString. Throws BadShape.
  Error Fault() const;

 private:
  pugi::xml_document document_;
  pugi::xml_node value_;
  bool fault_ = false;
};

// `read` takes the value that was answered and may throw BadShape.
template <class Read>
auto DecodeXmlRpc(const std::string& text, Read read)
    -> Result<std::invoke_result_t<Read, XmlRpcValue>> {
  try {
    const XmlRpcDocument document(text);
    if (document.IsFault()) return std::unexpected(document.Fault());
    return read(document.Value());
  } catch (const BadShape& e) {
    return Fail(Reason::kBadAnswer, e.what);
  }
}

}  // namespace stakewatch
