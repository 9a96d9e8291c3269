// What every family of instructions works with: operands read where they are, results written where the plan has put
// them.
//
// A family is a class that emits one kind of instructions (Emitter.h lists them). It derives from this one for its
// vocabulary; what all of them share is the emission's, what is its own it keeps itself. Families reach each other
// through `families_`.
//
// An instruction's code may use RAX, R10, R11, XMM14 and XMM15, which hold nothing from one instruction to the next:
//
//   RAX         results on their way to a slot, operands from slots
//   R10, R11    index and base of addresses whose parts are in slots; second and third operands
//   XMM14, 15   the same for SSE
//
// What integers look like: bits above the width are undefined for widths of 8, 16, 32 and 64 bits (readZeroExtended()
// makes them what one needs) and zero for all other widths, as in abi/Leaves.h. An i1 is 0 or 1.
#pragma once

#include <optional>
#include <utility>

#include "compile/baseline/Shapes.h"
#include "compile/baseline/emit/Emission.h"
#include "flow/Refused.h"

namespace kiln::baseline {

class Family {
public:
  explicit Family(Emission& emission)
      : e_(emission), a_(emission.assembler), plan_(emission.plan), families_(emission.families),
        hasAvx_(emission.hasAvx) {}
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;

protected:
  ~Family() = default;

  [[noreturn]] void refuse(std::string reason) const { throw flow::Refused{std::move(reason), e_.current}; }
  /// What the code may use; without `Settings::plainCpu` what this machine has.
  const asmjit::CpuFeatures::X86& features() const { return e_.features.x86(); }
  Machine machine() const { return e_.machine(); }
  bool records(Baseline::Record what) const { return (e_.options.settings.record & what) != 0; }
  /// Entries and back-edges count, or lead out of the code.
  bool countsLoops() const { return e_.options.settings.count || e_.options.settings.osrAt != 0; }
  /// The number of the instruction at hand.
  std::uint32_t self() const { return e_.number; }
  std::uint32_t numberOf(const llvm::Instruction& instruction) const {
    return &instruction == e_.current ? e_.number : plan_.numberOf(&instruction);
  }

  // Operands (Operands.cpp) -------------------------------------------------------------------------------------------

  /// A register (64 bits) that holds part of an integer value: its place, or `scratch` after loading it there.
  Gp read(const llvm::Value* value, unsigned part = 0, Gp scratch = x86::rax);
  void readInto(Gp to, const llvm::Value* value, unsigned part = 0);
  /// The same with the bits above its type made zeros, or copies of its sign, up to 64.
  Gp readZeroExtended(const llvm::Value* value, Gp scratch = x86::rax);
  Gp readSignExtended(const llvm::Value* value, Gp scratch = x86::rax);
  void zeroExtendInto(Gp to, const llvm::Value* value);
  void signExtendInto(Gp to, const llvm::Value* value);
  Xmm readXmm(const llvm::Value* value, unsigned part = 0, Xmm scratch = x86::xmm15);
  void readXmmInto(Xmm to, const llvm::Value* value, unsigned part = 0);
  /// A float or double: a register, or memory of its size. Of a folded load the address may use R10 and R11.
  asmjit::Operand floatOperand(const llvm::Value* value);
  /// Where the value is in memory: its slot, or what a folded load reads. Nothing if it is in a register or a constant.
  /// Of a load the address may use R10 and R11.
  std::optional<Mem> inMemory(const llvm::Value* value, unsigned part, unsigned bytes);
  /// An integer constant of up to 64 bits, sign-extended from its type.
  static std::optional<std::int64_t> constantOf(const llvm::Value* value);
  /// As constantOf(), if an instruction can have it as its operand.
  static std::optional<std::int32_t> immediateOf(const llvm::Value* value);
  /// The value's register if it is in one.
  Register registerOf(const llvm::Value* value, unsigned part = 0) const;
  /// Null if it has none: a constant, or what is folded.
  const Place* placeOf(const llvm::Value* value, unsigned part = 0) const;

  // Constants (Constants.cpp) -----------------------------------------------------------------------------------------

  void loadConstant(Gp to, std::uint64_t bits);
  void materialise(Gp to, const llvm::Constant* constant, unsigned part);
  void materialise(Xmm to, const llvm::Constant* constant, unsigned part);
  /// Low and high half of a part of a constant, if no address is in it.
  using Bits = std::pair<std::uint64_t, std::uint64_t>;
  std::optional<Bits> bitsOfPart(const llvm::Constant* constant, unsigned part);
  /// A constant in memory behind the code, aligned to its size (8 or 16 bytes).
  Mem constantMemory(std::uint64_t low, std::uint64_t high, unsigned bytes) { return e_.pool.bits(low, high, bytes); }
  Mem addressConstant(Target target, std::uint32_t id, std::int64_t addend) {
    return e_.pool.address(target, id, addend);
  }
  /// A double or float in memory.
  Mem floatConstant(double value, bool twice);
  struct SymbolAddress {
    SymbolRef ref;
    std::int64_t addend;
  };
  std::optional<SymbolAddress> symbolIn(const llvm::Constant* constant);
  /// Eight bytes of memory that hold an address of the runtime or of a library.
  Mem runtimeAddress(RuntimeAddress address);

  // Results (Operands.cpp) --------------------------------------------------------------------------------------------

  /// Where an instruction's result is made: its register, or `scratch`, to be followed by wrote().
  Gp target(std::uint32_t number, unsigned part = 0, Gp scratch = x86::rax);
  Xmm targetXmm(std::uint32_t number, unsigned part = 0, Xmm scratch = x86::xmm15);
  /// The result is complete: stores it if its place is a slot, moves it if it is elsewhere.
  void wrote(std::uint32_t number, unsigned part, Gp from);
  void wrote(std::uint32_t number, unsigned part, Xmm from);
  /// Both halves of an integer of more than 64 bits.
  void wroteWide(std::uint32_t number, Gp low, Gp high);
  bool isUsed(std::uint32_t number, unsigned part = 0) const { return plan_.placeOf(number, part).exists(); }

  // Between registers and memory (Operands.cpp) -----------------------------------------------------------------------

  void move(Gp to, Gp from) {
    if (to.id() != from.id())
      a_.mov(sized(to, 64), sized(from, 64));
  }
  void move(Xmm to, Xmm from);
  /// The bits of an integer of 32 or 64 bits into the lowest lane, zeros above; and back.
  void moveBits(Xmm to, Gp from, unsigned bits = 64);
  void moveBits(Gp to, Xmm from, unsigned bits = 64);
  void clearXmm(Xmm reg);
  void loadXmm(Xmm to, const Mem& from, unsigned bytes);
  void storeXmm(const Mem& to, Xmm from, unsigned bytes);
  /// An integer of some width from memory, with zeros above, and to memory.
  void loadInteger(Gp to, const Mem& from, unsigned bits);
  void storeInteger(const Mem& to, Gp from, unsigned bits);
  void copyX87(const Mem& to, const Mem& from);
  /// Zeros above the width, for an integer of unusual width.
  void clean(Gp reg, unsigned bits);
  /// The same for the upper half of an integer of more than 64 bits; copies of its sign.
  void cleanHigh(Gp high, unsigned width);
  void signExtendHigh(Gp high, unsigned width);

  // Addresses (Addresses.cpp) -----------------------------------------------------------------------------------------

  /// Memory at a pointer, folded address computations included. Uses R10 and R11 for what is in slots. An operand
  /// relative to RIP is good for one instruction: `reusable` asks for one that is good for several, until R10 or R11
  /// are used.
  Mem address(const llvm::Value* pointer, std::int64_t offset = 0, bool reusable = false);
  Mem address(const AddressParts& parts, std::int64_t offset, bool reusable);
  /// Memory at a pointer that is no folded address, for several instructions; through `scratch` if it is in no
  /// register.
  Mem blockAt(const llvm::Value* pointer, Gp scratch);
  void addOffset(Gp to, std::int64_t offset);
  /// Whether the value is a folded load whose address is made of this register.
  bool isAddressedBy(const llvm::Value* value, Register reg);

  // Many moves at once (Moves.cpp) ------------------------------------------------------------------------------------

  void startMoves();
  /// Of a part of a value; nothing if it is there already, or nowhere.
  void addMove(Location to, const llvm::Value* value, unsigned part, unsigned bytes);
  void addMove(Location to, Location from, unsigned bytes);
  /// Makes all moves at once, then the constants. Uses RAX, R11, XMM14 and XMM15.
  void makeMoves();

  Emission& e_;
  Assembler& a_;
  Plan& plan_;
  const Families& families_;
  const bool hasAvx_;

private:
  std::optional<Mem> outsideAddress(const llvm::Constant* constant, std::int64_t offset);
  void materialiseAddresses(Xmm to, const llvm::Constant& vector);
  std::optional<Bits> vectorBits(const llvm::Constant* vector);
  const llvm::Constant* leafOfPart(const llvm::Constant* constant, unsigned& part);
  void moveOne(Location to, Location from, unsigned bytes);
  void moveConstant(const PendingMoves::Constant& constant);
};

} // namespace kiln::baseline
