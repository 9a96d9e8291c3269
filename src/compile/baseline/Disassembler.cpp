#include "compile/baseline/Disassembler.h"

#include <Zydis/Zydis.h>
#include <dlfcn.h>

namespace kiln::baseline {
namespace {

constexpr const char* kLibrary = "libZydis.so.4.0";

} // namespace

struct Disassembler::State {
  decltype(&ZydisDecoderInit) initDecoder = nullptr;
  decltype(&ZydisDecoderDecodeFull) decode = nullptr;
  decltype(&ZydisCalcAbsoluteAddress) address = nullptr;
  decltype(&ZydisFormatterInit) initFormatter = nullptr;
  decltype(&ZydisFormatterSetProperty) set = nullptr;
  decltype(&ZydisFormatterFormatInstruction) format = nullptr;
  decltype(&ZydisMnemonicGetString) mnemonic = nullptr;

  ZydisDecoder decoder;
  ZydisFormatter formatter;
  ZydisDecodedInstruction instruction;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  std::uint64_t at = 0;
  std::optional<std::uint64_t> target; ///< of the instruction, absolute

  /// Zydis gives every instruction with an operand in memory the suffix of a general-purpose one. Assemblers know none for
  /// vectors, and other letters for the x87's floating-point numbers.
  void correctSuffix(std::string& line) const {
    bool vector = false;
    unsigned memory = 0;
    for (unsigned i = 0; i < instruction.operand_count_visible; ++i) {
      if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
        memory = operands[i].size;
      vector = vector || (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER && operands[i].reg.value >= ZYDIS_REGISTER_XMM0 &&
                          operands[i].reg.value <= ZYDIS_REGISTER_ZMM31);
    }
    const bool x87 = instruction.meta.isa_ext == ZYDIS_ISA_EXT_X87;
    if (!memory || !(vector || x87))
      return;
    const std::string name = mnemonic(instruction.mnemonic);
    const std::size_t begin = line.find(name);
    if (begin == std::string::npos)
      return;
    const char* suffix = "";
    if (x87 && !name.ends_with("cw") && !name.ends_with("env")) {
      const bool integer = name.starts_with("fi");
      suffix = memory == 16 ? "s" : memory == 32 ? (integer ? "l" : "s") : memory == 64 ? (integer ? "ll" : "l") : "t";
    }
    const std::size_t end = line.find(' ', begin);
    line.replace(begin, end - begin, name + suffix);
  }

  /// Like LLVM: numbers are decimal, and addresses are found again in the text.
  void setUp() {
    initDecoder(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    initFormatter(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
    for (ZydisFormatterProperty base : {ZYDIS_FORMATTER_PROP_IMM_BASE, ZYDIS_FORMATTER_PROP_DISP_BASE})
      set(&formatter, base, ZYDIS_NUMERIC_BASE_DEC);
    for (ZydisFormatterProperty sign : {ZYDIS_FORMATTER_PROP_IMM_SIGNEDNESS, ZYDIS_FORMATTER_PROP_DISP_SIGNEDNESS})
      set(&formatter, sign, ZYDIS_SIGNEDNESS_SIGNED);
    for (ZydisFormatterProperty padding : {ZYDIS_FORMATTER_PROP_IMM_PADDING, ZYDIS_FORMATTER_PROP_DISP_PADDING,
                                           ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE})
      set(&formatter, padding, ZYDIS_PADDING_DISABLED);
  }
};

Disassembler::Disassembler() = default;
Disassembler::~Disassembler() = default;

Result<void> Disassembler::open() {
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL); // stays: it may be asked for again
  if (!library)
    return fail(ErrorCode::LibraryNotLoaded, std::string("assembly of baseline code is printed by ") + kLibrary +
                                                 " (Debian's package libzydis4.0): " + dlerror());
  auto state = std::make_unique<State>();
  bool complete = true;
  auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    complete = complete && function;
  };
  find(state->initDecoder, "ZydisDecoderInit");
  find(state->decode, "ZydisDecoderDecodeFull");
  find(state->address, "ZydisCalcAbsoluteAddress");
  find(state->initFormatter, "ZydisFormatterInit");
  find(state->set, "ZydisFormatterSetProperty");
  find(state->format, "ZydisFormatterFormatInstruction");
  find(state->mnemonic, "ZydisMnemonicGetString");
  if (!complete)
    return fail(ErrorCode::LibraryNotLoaded, std::string(kLibrary) + " lacks functions of Zydis 4.0");
  state->setUp();
  state_ = std::move(state);
  return {};
}

Disassembler::Instruction Disassembler::decode(std::span<const std::uint8_t> code, std::uint64_t at) {
  State& state = *state_;
  state.at = at;
  state.target.reset();
  const auto rest = code.subspan(at);
  Instruction found;
  if (!ZYAN_SUCCESS(state.decode(&state.decoder, rest.data(), rest.size(), &state.instruction, state.operands)))
    return found;
  found.bytes = state.instruction.length;
  for (unsigned i = 0; i < state.instruction.operand_count_visible; ++i) {
    const ZydisDecodedOperand& operand = state.operands[i];
    const bool branch = operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operand.imm.is_relative;
    const bool relative = operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.base == ZYDIS_REGISTER_RIP;
    std::uint64_t target = 0;
    if ((branch || relative) && ZYAN_SUCCESS(state.address(&state.instruction, &operand, at, &target))) {
      state.target = target;
      (branch ? found.branch : found.relative) = target;
    }
  }
  return found;
}

std::string Disassembler::print(const std::string& name) {
  State& state = *state_;
  char text[256];
  if (!ZYAN_SUCCESS(state.format(&state.formatter, &state.instruction, state.operands,
                                 state.instruction.operand_count_visible, text, sizeof text, state.at, nullptr)))
    return "(not printable)";
  std::string line = text;
  state.correctSuffix(line);
  if (!state.target)
    return line;
  char address[20];
  snprintf(address, sizeof address, "0x%llX", static_cast<unsigned long long>(*state.target));
  if (const std::size_t place = line.find(address); place != std::string::npos)
    line.replace(place, std::string_view(address).size(), name);
  return line;
}

} // namespace kiln::baseline
