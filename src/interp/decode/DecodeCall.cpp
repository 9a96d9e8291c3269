// Calls of functions and inline assembly.
#include <llvm/IR/Constants.h>
#include <llvm/IR/InlineAsm.h>

#include "abi/CallShape.h"
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
  if (call.hasFnAttr(llvm::Attribute::ReturnsTwice))
    refuse("calls a function that returns twice");
  llvm::SmallVector<llvm::Type*, 4> unnamed;
  for (unsigned i = call.getFunctionType()->getNumParams(); i < call.arg_size(); ++i)
    unnamed.push_back(call.getArgOperand(i)->getType());
  auto found = memory_.shapes.of(call.getFunctionType(), call.getAttributes(), call.getCallingConv(), unnamed, data_);
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

  const llvm::Value* called = call.getCalledOperand();
  const auto* callee = llvm::dyn_cast<llvm::GlobalValue>(called);
  if (!callee && llvm::isa<llvm::Constant>(called))
    callee = llvm::dyn_cast<llvm::GlobalValue>(called->stripPointerCasts());
  SymbolRef ref = callee ? environment_.symbolOf(callee) : SymbolRef{};
  if (ref.kind == SymbolRef::Kind::Function && ref.offset == 0) {
    bool direct = site.direct && environment_.definedType(ref.id) == call.getFunctionType();
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
    std::uint16_t target = word(called);
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

/// Assembly without instructions: a barrier, or a value that comes out as it went in.
void Decoder::decodeAsm(const llvm::CallBase& call) {
  const auto* code = llvm::cast<llvm::InlineAsm>(call.getCalledOperand());
  if (llvm::StringRef(code->getAsmString()).trim() != "")
    refuse("inline assembly");
  auto constraints = code->ParseConstraints();
  unsigned d = stateOf(call).words ? destination(call) : 0;
  unsigned argument = 0, outputs = 0;
  llvm::SmallVector<unsigned, 4> outputWord;
  for (const auto& constraint : constraints) {
    if (constraint.Type == llvm::InlineAsm::isOutput && !constraint.isIndirect) {
      llvm::Type* type = call.getType();
      unsigned at = 0;
      if (auto* record = llvm::dyn_cast<llvm::StructType>(type))
        for (unsigned i = 0; i < outputs; ++i)
          at += wordsOf(record->getElementType(i));
      outputWord.push_back(d + at);
      ++outputs;
    }
  }
  unsigned tied = 0;
  for (const auto& constraint : constraints) {
    if (constraint.Type == llvm::InlineAsm::isOutput) {
      if (constraint.isIndirect) {
        // "+m" and "=*m": the memory stays as it is.
        ++argument;
      }
      continue;
    }
    if (constraint.Type != llvm::InlineAsm::isInput)
      continue;
    const llvm::Value* value = call.getArgOperand(argument++);
    if (constraint.Codes.size() == 1 && !constraint.Codes[0].empty() && isdigit(constraint.Codes[0][0]) != 0) {
      auto output = static_cast<unsigned>(std::stoul(constraint.Codes[0]));
      if (output >= outputWord.size())
        refuse("inline assembly");
      emitMoveWords(outputWord[output], value, wordsOf(value->getType()));
      ++tied;
    }
  }
  if (tied < outputs)
    refuse("inline assembly"); // whatever a register held
}

} // namespace kiln::interp
