#include "compile/baseline/Dump.h"

#include <llvm/IR/Module.h>
#include <llvm/IR/ModuleSlotTracker.h>
#include <llvm/MC/MCAsmInfo.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCDisassembler/MCDisassembler.h>
#include <llvm/MC/MCExpr.h>
#include <llvm/MC/MCInst.h>
#include <llvm/MC/MCInstPrinter.h>
#include <llvm/MC/MCInstrAnalysis.h>
#include <llvm/MC/MCInstrInfo.h>
#include <llvm/MC/MCRegisterInfo.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/Format.h>
#include <llvm/Support/raw_ostream.h>

#include <cstring>
#include <map>
#include <memory>
#include <optional>

namespace kiln::baseline {
namespace {

constexpr const char* kTriple = "x86_64-unknown-linux-gnu";

/// LLVM's disassembler and all that it wants to have around it.
class Disassembler {
public:
  /// False if LLVM has no x86 disassembler.
  bool open() {
    std::string message;
    const llvm::Target* target = llvm::TargetRegistry::lookupTarget(kTriple, message);
    if (!target)
      return false;
    registers_.reset(target->createMCRegInfo(kTriple));
    assembly_.reset(target->createMCAsmInfo(*registers_, kTriple, {}));
    instructions_.reset(target->createMCInstrInfo());
    subtarget_.reset(target->createMCSubtargetInfo(kTriple, "", ""));
    context_ = std::make_unique<llvm::MCContext>(llvm::Triple(kTriple), assembly_.get(), registers_.get(), subtarget_.get());
    disassembler_.reset(target->createMCDisassembler(*subtarget_, *context_));
    analysis_.reset(target->createMCInstrAnalysis(instructions_.get()));
    printer_.reset(target->createMCInstPrinter(llvm::Triple(kTriple), 0, *assembly_, *instructions_, *registers_));
    return disassembler_ && analysis_ && printer_;
  }

  struct Decoded {
    llvm::MCInst instruction;
    std::uint64_t bytes = 0; ///< 0: not an instruction
  };
  Decoded decode(llvm::ArrayRef<std::uint8_t> bytes, std::uint64_t at) {
    Decoded decoded;
    if (disassembler_->getInstruction(decoded.instruction, decoded.bytes, bytes.drop_front(at), at, llvm::nulls()) !=
        llvm::MCDisassembler::Success)
      decoded.bytes = 0;
    return decoded;
  }

  /// Where a jump or call inside the code leads.
  std::optional<std::uint64_t> branchTarget(const Decoded& decoded, std::uint64_t at) const {
    std::uint64_t to = 0;
    if (!analysis_->isBranch(decoded.instruction) || !analysis_->evaluateBranch(decoded.instruction, at, decoded.bytes, to))
      return std::nullopt;
    return to;
  }
  void setBranchTarget(llvm::MCInst& instruction, const std::string& name) {
    instruction.getOperand(0) = llvm::MCOperand::createExpr(symbol(name, 0));
  }
  /// The displacement of an operand relative to RIP.
  llvm::MCOperand* relative(llvm::MCInst& instruction) const {
    for (unsigned i = 0; i + 3 < instruction.getNumOperands(); ++i) // base, scale, index, displacement
      if (instruction.getOperand(i).isReg() && instruction.getOperand(i + 3).isImm() &&
          llvm::StringRef(registers_->getName(instruction.getOperand(i).getReg())) == "RIP")
        return &instruction.getOperand(i + 3);
    return nullptr;
  }
  const llvm::MCExpr* symbol(const std::string& name, std::int64_t addend) {
    const llvm::MCExpr* base = llvm::MCSymbolRefExpr::create(context_->getOrCreateSymbol(name), *context_);
    return addend == 0 ? base
                       : llvm::MCBinaryExpr::createAdd(base, llvm::MCConstantExpr::create(addend, *context_), *context_);
  }
  std::string print(const llvm::MCInst& instruction) {
    std::string text;
    llvm::raw_string_ostream out(text);
    printer_->printInst(&instruction, 0, "", *subtarget_, out);
    text.erase(0, text.find_first_not_of('\t'));
    if (std::size_t tab = text.find('\t'); tab != std::string::npos)
      text[tab] = ' ';
    return text;
  }

private:
  std::unique_ptr<llvm::MCRegisterInfo> registers_;
  std::unique_ptr<llvm::MCAsmInfo> assembly_;
  std::unique_ptr<llvm::MCInstrInfo> instructions_;
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget_;
  std::unique_ptr<llvm::MCContext> context_;
  std::unique_ptr<llvm::MCDisassembler> disassembler_;
  std::unique_ptr<llvm::MCInstrAnalysis> analysis_;
  std::unique_ptr<llvm::MCInstPrinter> printer_;
};

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
    if (!disassembler_.open())
      return fail(ErrorCode::CompileFailed, "this build has no disassembler");
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
      Disassembler::Decoded decoded = disassembler_.decode(code_.bytes, at);
      if (auto to = disassembler_.branchTarget(decoded, at); to && *to < code_.codeBytes)
        label(*to);
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
    Disassembler::Decoded decoded = disassembler_.decode(code_.bytes, at);
    if (decoded.bytes == 0) {
      out_ << "        .byte " << llvm::format_hex(code_.bytes[at], 4) << '\n';
      return at + 1;
    }
    std::uint64_t end = at + decoded.bytes;
    if (auto to = disassembler_.branchTarget(decoded, at); to && *to < code_.codeBytes)
      disassembler_.setBranchTarget(decoded.instruction, label(*to));
    if (llvm::MCOperand* distance = disassembler_.relative(decoded.instruction)) {
      if (auto fixup = inCode_.find(end); fixup != inCode_.end()) {
        *distance = llvm::MCOperand::createExpr(disassembler_.symbol(nameOf_(*fixup->second), fixup->second->addend));
      } else {
        std::uint64_t to = end + static_cast<std::uint64_t>(distance->getImm());
        *distance = llvm::MCOperand::createExpr(disassembler_.symbol(constantName(to), 0));
      }
    }
    out_ << "        " << disassembler_.print(decoded.instruction) << '\n';
    return end;
  }

  /// Of what stands behind the code, or of a jump table.
  std::string constantName(std::uint64_t at) {
    auto fixup = inConstants_.find(at);
    if (fixup == inConstants_.end())
      return label(at);
    return "address." + nameOf_(*fixup->second) + (fixup->second->addend ? "." + std::to_string(fixup->second->addend) : "");
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
