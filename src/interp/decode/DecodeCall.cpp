// Calls of functions and inline assembly.
#include <llvm/IR/Constants.h>

#include "flow/Calls.h"
#include "interp/decode/Decoder.h"
#include "interp/decode/Shapes.h"

namespace kiln::interp {

void Decoder::decodeCall(const llvm::CallBase& call) {
  if (call.isInlineAsm())
    return decodeAsm(call);
  if (const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&call))
    return decodeIntrinsic(*intrinsic);
  emitCall(call);
}

std::uint16_t Decoder::callResult(const llvm::CallBase& call) {
  unsigned words = stateOf(call).words;
  // Handlers write a result word in any case.
  return words && !call.use_empty() ? destination(call) : temporary(std::max(words, 1u));
}

void Decoder::emitCall(const llvm::CallBase& call) {
  if (call.isMustTailCall())
    refuse("musttail call");
  auto found = flow::shapeOfCall(memory_.shapes, call);
  if (!found)
    refuse(found.error());
  const CallShape& shape = **found;
  CallSite& site = out_->calls.emplace_back(shape);
  site.type = call.getFunctionType();
  site.interpreter = environment_.interpreter();
  site.value = numberOf(call);
  site.direct = !shape.variadic && shape.copies.empty();
  CallForm form{shape.argumentWords, shape.resultWords};

  llvm::SmallVector<std::uint16_t, 16> arguments;
  for (const llvm::Use& argument : call.args()) {
    unsigned words = wordsOf(argument->getType());
    for (unsigned i = 0; i < words; ++i)
      arguments.push_back(word(argument.get(), i));
  }
  std::uint16_t result = callResult(call);

  const llvm::GlobalValue* callee = flow::calledGlobal(call);
  SymbolRef ref = callee ? environment_.symbolOf(callee) : SymbolRef{};
  if (ref.kind == SymbolRef::Kind::Function && ref.offset == 0) {
    bool direct = site.direct && !options_.framed && environment_.definedType(ref.id) == call.getFunctionType();
    emit(direct ? callDirect(form) : callSlot(), result, 0, form.arguments, form.results);
    append(reinterpret_cast<Word>(environment_.entryOf(ref.id)));
  } else if (ref.kind == SymbolRef::Kind::External) {
    const std::string& name = environment_.externalName(ref.id);
    if (records(Recorder::Sizes) && (name == "memcmp" || name == "bcmp") && arguments.size() == 3) {
      emit(recordSize(), 0, arguments[2]);
      append(reinterpret_cast<Word>(sizeSite(call)));
    }
    emit(callExternal(shape, form), result, 0, form.arguments, form.results);
    append(environment_.externalAddress(ref.id));
  } else {
    std::uint16_t target = word(call.getCalledOperand());
    emit(callIndirect(form, records(Recorder::Targets)), result, target, form.arguments, form.results);
    append(reinterpret_cast<Word>(noEntry()));
    site.indirect = true;
  }
  append(reinterpret_cast<Word>(&site));
  for (std::size_t i = 0; i < arguments.size(); i += 4) {
    Word packed = 0;
    for (std::size_t j = i; j < std::min(i + 4, arguments.size()); ++j)
      packed |= Word{arguments[j]} << 16 * (j - i);
    append(packed);
  }
}

ValueCounts* Decoder::sizeSite(const llvm::CallBase& call) {
  if (!records(Recorder::Sizes))
    return nullptr;
  out_->sizes.push_back(std::make_unique<ValueCounts>());
  *out_->sizes.back() = {};
  out_->sizeSites.push_back({numberOf(call), out_->sizes.back().get()});
  return out_->sizes.back().get();
}

void Decoder::decodeAsm(const llvm::CallBase& call) {
  auto operands = flow::operandsGivenBack(call);
  if (!operands || llvm::is_contained(*operands, nullptr))
    refuse("inline assembly");
  unsigned d = stateOf(call).words ? destination(call) : 0;
  for (const llvm::Value* operand : *operands) {
    const unsigned words = wordsOf(operand->getType());
    emitMoveWords(d, operand, words);
    d += words;
  }
}

} // namespace kiln::interp
