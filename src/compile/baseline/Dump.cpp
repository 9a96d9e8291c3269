#include "compile/baseline/Dump.h"

#include <llvm/IR/Module.h>
#include <llvm/IR/ModuleSlotTracker.h>
#include <llvm/Support/Format.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <map>
#include <optional>

#include "compile/baseline/Disassembler.h"

namespace kiln::baseline {
namespace {

class Description {
public:
  Description(const llvm::Function& function, const Code& code, const Plan& plan, const NameOf& nameOf)
      : function_(function), code_(code), plan_(plan), nameOf_(nameOf), slots_(function.getParent()), out_(text_) {
    slots_.incorporateFunction(function);
    for (const llvm::Argument& argument : function.args())
      values_.push_back(&argument);
    for (const llvm::BasicBlock& block : function)
      for (const llvm::Instruction& instruction : block)
        values_.push_back(&instruction);
  }

  Result<std::string> run() {
    if (auto opened = disassembler_.open(); !opened)
      return std::unexpected(opened.error());
    gather();
    writePlan();
    writeCode();
    writeConstants();
    return std::move(text_);
  }

private:
  void gather() {
    for (const Fixup& fixup : code_.fixups)
      (fixup.end != 0 ? inCode_[fixup.end] : inConstants_[fixup.at]) = &fixup;
    for (auto [at, to] : code_.tables) {
      tables_[at] = to;
      label(to);
    }
    for (const CallRange& call : code_.calls)
      labels_[call.landing] = ".landing" + std::to_string(call.landing);
    for (auto [at, number] : code_.lines)
      if (const auto* instruction = llvm::cast<llvm::Instruction>(values_[number]);
          instruction == &instruction->getParent()->front())
        labels_[at] = blockName(*instruction->getParent());
    for (std::uint64_t at = 0; at < code_.codeBytes;) {
      if (std::uint64_t data = dataBytes(at)) {
        at += data;
        continue;
      }
      Disassembler::Instruction decoded = disassembler_.decode(code_.bytes, at);
      if (decoded.branch && *decoded.branch < code_.codeBytes)
        label(*decoded.branch);
      at += std::max<std::uint64_t>(decoded.bytes, 1);
    }
  }

  /// Bytes of a jump table's entry, or of the padding in front of it.
  std::uint64_t dataBytes(std::uint64_t at) const {
    auto next = tables_.lower_bound(at);
    if (next == tables_.end() || next->first - at >= 4)
      return 0;
    for (std::uint64_t i = at; i < next->first; ++i)
      if (code_.bytes[i] != 0)
        return 0;
    return next->first == at ? 4 : next->first - at;
  }

  std::string operandText(const llvm::Value& value) {
    std::string text;
    llvm::raw_string_ostream out(text);
    value.printAsOperand(out, false, slots_);
    return text;
  }
  std::string blockName(const llvm::BasicBlock& block) { return "." + operandText(block).substr(1); }
  const std::string& label(std::uint64_t at) {
    std::string& name = labels_[at];
    if (name.empty())
      name = ".L" + std::to_string(at);
    return name;
  }

  static std::string nameOfRegister(Register reg) {
    static constexpr const char* names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                            "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    return reg < kFirstXmm ? names[reg] : "xmm" + std::to_string(reg - kFirstXmm);
  }
  static std::string placeText(const Place& place) {
    if (!place.exists())
      return "-";
    if (!place.inRegister())
      return "slot " + std::to_string(place.offset);
    return nameOfRegister(place.reg) + (place.saved ? " (around calls in slot " + std::to_string(place.offset) + ")" : "");
  }

  void writePlan() {
    out_ << "# " << function_.getName() << ": " << code_.codeBytes << " bytes of code";
    if (code_.bytes.size() > code_.codeBytes)
      out_ << ", " << code_.bytes.size() - code_.codeBytes << " of constants";
    if (code_.frame.empty())
      out_ << "; no frame\n";
    else
      out_ << "; frame of " << (plan_.frameBytes() + 15) / 16 * 16 << " bytes\n";
    for (std::uint32_t number = 0; number < values_.size(); ++number) {
      const ValueState& state = plan_.stateOf(number);
      if (plan_.isFrameAddress(number)) {
        out_ << "#   " << operandText(*values_[number]) << ": variable at " << plan_.frameOffset(number) << '\n';
        continue;
      }
      if (state.words == 0 || state.alias || state.folded || !plan_.placeOf(number, 0).exists())
        continue;
      out_ << "#   " << operandText(*values_[number]);
      for (unsigned part = 0; part < state.words; ++part)
        out_ << (part ? ", " : ": ") << placeText(plan_.placeOf(number, part));
      out_ << '\n';
    }
  }

  void writeCode() {
    out_ << function_.getName() << ":\n";
    auto line = code_.lines.begin();
    for (std::uint64_t at = 0; at < code_.codeBytes;) {
      if (auto known = labels_.find(at); known != labels_.end())
        out_ << known->second << ":\n";
      for (; line != code_.lines.end() && line->first == at; ++line)
        writeLine(*values_[line->second]);
      if (std::uint64_t data = dataBytes(at)) {
        if (auto entry = tables_.find(at); entry != tables_.end())
          out_ << "        .long " << label(entry->second) << '\n';
        at += data;
        continue;
      }
      at = writeInstruction(at);
    }
  }

  void writeLine(const llvm::Value& value) {
    std::string text;
    llvm::raw_string_ostream out(text);
    value.print(out, slots_);
    llvm::StringRef line = llvm::StringRef(text).ltrim();
    // A switch has its cases on lines of their own.
    for (auto [first, rest] = line.split('\n'); !first.empty(); std::tie(first, rest) = rest.split('\n'))
      out_ << "    # " << first << '\n';
  }

  std::uint64_t writeInstruction(std::uint64_t at) {
    Disassembler::Instruction decoded = disassembler_.decode(code_.bytes, at);
    if (decoded.bytes == 0) {
      out_ << "        .byte " << llvm::format_hex(code_.bytes[at], 4) << '\n';
      return at + 1;
    }
    const std::uint64_t end = at + decoded.bytes;
    std::string name;
    if (decoded.branch)
      name = *decoded.branch < code_.codeBytes ? label(*decoded.branch) : std::to_string(*decoded.branch);
    else if (decoded.relative)
      name = relativeName(end, *decoded.relative) + "(%rip)";
    out_ << "        " << disassembler_.print(name) << '\n';
    return end;
  }

  static std::string quoted(const std::string& name) {
    const bool plain = std::ranges::all_of(name, [](unsigned char c) { return isalnum(c) || c == '_' || c == '.' || c == '$'; });
    return plain ? name : '"' + name + '"';
  }
  /// Of what an instruction that ends at `end` has an address relative to RIP of.
  std::string relativeName(std::uint64_t end, std::uint64_t to) {
    auto fixup = inCode_.find(end);
    if (fixup == inCode_.end())
      return constantName(to);
    const std::int64_t addend = fixup->second->to.addend;
    return quoted(nameOf_(*fixup->second)) + (addend > 0 ? "+" : "") + (addend ? std::to_string(addend) : "");
  }

  /// Of what stands behind the code, or of a jump table.
  std::string constantName(std::uint64_t at) {
    auto fixup = inConstants_.find(at);
    if (fixup == inConstants_.end())
      return label(at);
    return "address." + nameOf_(*fixup->second) + (fixup->second->to.addend ? "." + std::to_string(fixup->second->to.addend) : "");
  }

  void writeConstants() {
    for (std::uint64_t at = (code_.codeBytes + 15) / 16 * 16; at + 8 <= code_.bytes.size(); at += 8) {
      if (inConstants_.contains(at)) {
        out_ << constantName(at) << ":\n        .quad " << constantName(at).substr(sizeof "address." - 1) << '\n';
        continue;
      }
      if (auto known = labels_.find(at); known != labels_.end())
        out_ << known->second << ":\n";
      std::uint64_t bits = 0;
      memcpy(&bits, code_.bytes.data() + at, 8);
      out_ << "        .quad " << llvm::format_hex(bits, 18) << '\n';
    }
  }

  const llvm::Function& function_;
  const Code& code_;
  const Plan& plan_;
  const NameOf& nameOf_;
  llvm::ModuleSlotTracker slots_;
  Disassembler disassembler_;
  std::vector<const llvm::Value*> values_; ///< by number
  std::map<std::uint64_t, std::string> labels_;
  std::map<std::uint64_t, std::uint64_t> tables_;
  std::map<std::uint64_t, const Fixup*> inCode_, inConstants_; ///< by end of the instruction; by offset
  std::string text_;
  llvm::raw_string_ostream out_;
};

} // namespace

Result<std::string> describe(const llvm::Function& function, const Code& code, const Plan& plan, const NameOf& nameOf) {
  return Description(function, code, plan, nameOf).run();
}

} // namespace kiln::baseline
