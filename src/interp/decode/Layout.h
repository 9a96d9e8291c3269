// The first half of decoding: in which order blocks are laid out, which values need words of the frame (flow/Intervals.h), and
// which words: those are given out in order of the intervals' beginnings.
#pragma once

#include <llvm/ADT/DenseMap.h>

#include <string>

#include "flow/ClassEvents.h"
#include "flow/Intervals.h"
#include "interp/Ops.h"

namespace kiln::interp {

using flow::AddressParts;
using flow::kNone;
using flow::ValueState;

class Layout final : public flow::Intervals {
public:
  /// Does all steps. A reason if the function cannot be decoded.
  std::string run(const llvm::Function& function, bool asWritten = false);

  /// The first word of a value that has words.
  std::uint16_t wordOf(const llvm::Value* value) const { return wordOf(numberOf(value)); }
  std::uint16_t wordOf(std::uint32_t number) const {
    const ValueState& value = values_[number];
    return value.alias ? static_cast<std::uint16_t>(values_[value.root].word + value.word) : value.word;
  }
  std::uint32_t argumentWords() const { return argumentWords_; }
  std::uint32_t frameWords() const { return frameWords_; }

private:
  std::uint32_t wordsFor(llvm::Type* type) const override;
  void fold() override;
  bool readsLate(const llvm::Instruction& instruction, const ValueState& self) const override;
  bool foldOne(const llvm::Instruction& instruction, ValueState& self);
  bool aliasOne(const llvm::Instruction& instruction, ValueState& self);
  bool foldAddress(const llvm::GetElementPtrInst& address, ValueState& self);
  bool foldLoad(const llvm::LoadInst& load);
  bool foldExtension(const llvm::Instruction& extension);
  void placeArguments();
  bool allocate();

  flow::ClassEvents events_;
  std::uint32_t argumentWords_ = 0;
  std::uint32_t frameWords_ = 0;
};

} // namespace kiln::interp
