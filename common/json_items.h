#pragma once
// Reads a JSON answer that streams in, however long, object by object: {"data":[{…},{…},…],…}.
// Takes the memory of one object and one read. Any white space, order of members, escapes and
// nesting (to JsonCut::kDepthMax); what stands before and after the array is checked for brackets,
// strings and the commas of the outermost object.
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/json_cut.h"
#include "common/json_fields.h"
#include "common/result.h"
#include "common/upstream/upstream.h"

namespace stakewatch {

struct JsonItemsLimits {
  std::size_t item_bytes_max = 64U << 10;  // Of one object of the array, or one name.
  std::size_t read_bytes = 256U << 10;
};

// What it is given: Upstream::AskInPieces. One document, from one thread.
class JsonItems final : public Pieces {
 public:
  // The wanted fields of one object, in the order of the fields, until the call ends. An error ends
  // it all.
  using OnItem = std::function<Checked<void>(std::span<const JsonScalar>)>;

  // `array` is the member of the outermost object that has the objects. What it and the names in
  // `fields` point to outlives this.
  JsonItems(std::string_view array, std::vector<JsonField> fields, OnItem on_item,
            JsonItemsLimits limits = {});

  std::span<char> Room() override;
  Result<void> Take(std::size_t bytes) override;
  // To be asked once all has come: kBadAnswer for a document that is cut short or has no such
  // array. Two of them are an error as well, since the objects of the first have been told.
  Result<void> Finish() const;

  std::uint64_t Items() const { return items_; }
  std::uint64_t Bytes() const { return bytes_; }

 private:
  // What must come next.
  enum class Next {
    kRoot,
    kFirstName,
    kName,
    kColon,
    kValue,
    kMemberEnd,
    kFirstItem,
    kItem,
    kItemEnd,
    kNothing,
  };
  // Of a value that is being cut out.
  enum class Cutting { kNone, kName, kValue, kItem };
  enum class Step { kOn, kMore, kBad };

  Step TakeStep();
  Step TakeCut();
  Step TakeName(std::string_view quoted);
  Step TakeValue(char c);
  Step TakeItem(char c);
  Step TellItem();
  Step Cut(Cutting what);
  Step Bad(std::string what);
  Step TooLong();
  Step Expect(char c, char wanted, Next then, std::string_view where);
  // What has come and is not done with.
  std::string_view Text() const { return {buffer_.get() + begin_, used_ - begin_}; }

  const std::string array_;
  JsonFields fields_;
  const OnItem on_item_;
  const JsonItemsLimits limits_;
  std::size_t capacity_;
  std::unique_ptr<char[]> buffer_;  // kJsonReach zeros follow its capacity.
  std::size_t begin_ = 0;           // What is before has been taken.
  std::size_t used_ = 0;

  Next next_ = Next::kRoot;
  Cutting cutting_ = Cutting::kNone;
  JsonCut cut_;
  std::size_t cut_done_ = 0;  // Of Text().
  int tries_ = 0;             // To read the object that is not whole yet.
  bool is_array_ = false;     // The last name was that of the array.
  bool found_ = false;
  std::uint64_t items_ = 0;
  std::uint64_t bytes_ = 0;
  std::string error_;
};

}  // namespace stakewatch
