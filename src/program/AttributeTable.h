// A module's attribute lists, by the numbers that its bitcode gives them.
//
// A list is made when it is first asked for: a program has more than a thousand, and a start needs the few of the
// functions that it reaches.
#pragma once

#include <llvm/IR/AttributeMask.h>
#include <llvm/IR/Attributes.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "program/Bitstream.h"
#include "program/TypeTable.h"

namespace kiln {

class AttributeTable {
public:
  AttributeTable(llvm::LLVMContext& context, const TypeTable& types) : context_(context), types_(types) {}

  /// Both read the block that the cursor was sent into. False: damaged.
  bool readGroups(BitstreamCursor& cursor);
  bool readLists(BitstreamCursor& cursor);
  /// List 0 is the empty one. Nothing if there is no such list, or it has what only LLVM's reader knows.
  std::optional<llvm::AttributeList> at(std::uint64_t number);

private:
  /// Attributes for one place: the function, its result or a parameter.
  struct Group {
    std::uint32_t place = 0;
    std::uint32_t first = 0, count = 0; ///< in words_; count is 0 once it was made
    bool known = false;                 ///< whether the module has it, and its attributes are understood
    llvm::AttributeSet made;
  };
  struct List {
    std::uint32_t first = 0, count = 0; ///< numbers of groups, in words_
    bool done = false;
    std::optional<llvm::AttributeList> made;
  };
  bool make(Group& group);
  bool makeEnumOrInteger(std::span<const std::uint64_t>& words, llvm::AttrBuilder& into) const;
  bool makeText(std::span<const std::uint64_t>& words, llvm::AttrBuilder& into) const;
  bool makeTyped(std::span<const std::uint64_t>& words, llvm::AttrBuilder& into) const;
  bool makeRange(std::span<const std::uint64_t>& words, llvm::AttrBuilder& into) const;
  std::optional<llvm::AttributeList> make(const List& list);
  std::uint32_t keep(std::span<const std::uint64_t> words);

  llvm::LLVMContext& context_;
  const TypeTable& types_;
  std::vector<std::uint64_t> words_;
  std::vector<Group> groups_; ///< by number
  std::vector<List> lists_;
};

} // namespace kiln
