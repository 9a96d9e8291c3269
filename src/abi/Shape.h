// How a signature's values lie in the machine at a call: the plain form, free of LLVM, that the call thunks work with.
//
// A call's arguments are an image: the words (abi/Leaves.h) of all arguments in order, without the hidden ones. Its
// results are the image of the return type. A CallShape lists the moves between such images and the places of the
// System V x86-64 convention. Each move is for one word, and everything of it is computed beforehand (abi/CallShape.h),
// so that a call is one loop over moves.
//
// Constant once made; any thread may read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kiln {

struct alignas(16) SseRegister {
  std::byte bytes[16];
};

/// The registers of one call. NativeCall.S knows the layout. The first 176 bytes are a register save area as va_arg of
/// the convention reads it.
struct RegisterFile {
  std::uint64_t gpr[6];     ///< RDI, RSI, RDX, RCX, R8, R9
  SseRegister sse[8];       ///< XMM0 to XMM7
  std::uint64_t nest;       ///< R10
  std::uint64_t sseUsed;    ///< AL: at least as many SSE registers as hold arguments; means something to variadics only
  std::uint64_t result[3];  ///< RAX, RDX, RCX
  std::uint64_t x87Results; ///< how many of `resultX87` are results; the others are no registers then
  SseRegister resultSse[4]; ///< XMM0 to XMM3
  SseRegister resultX87[2]; ///< ST0, ST1: ten bytes each
};
static_assert(sizeof(RegisterFile) == 320 && offsetof(RegisterFile, sse) == 48 && offsetof(RegisterFile, nest) == 176 &&
              offsetof(RegisterFile, result) == 192 && offsetof(RegisterFile, resultSse) == 224 &&
              offsetof(RegisterFile, resultX87) == 288);

enum class Area : std::uint8_t {
  Registers, ///< an offset in RegisterFile
  Stack,     ///< an offset from the first stack argument
  Memory,    ///< an offset in the result that lies behind the hidden pointer
};

enum class Transfer : std::uint8_t {
  Copy,       ///< bits of the word above the value are moved with it, or are none of the place's business
  ZeroExtend, ///< the place gets the value extended from `bits` to 64
  SignExtend,
  FloatX87,  ///< a float in an x87 register
  DoubleX87, ///< a double in an x87 register
};

/// One word of an image and where it is.
struct Move {
  Area area = Area::Registers;
  Transfer transfer = Transfer::Copy;
  std::uint8_t bytes = 8; ///< of the place that are the word's
  std::uint8_t bits = 64; ///< of the word that mean something; an image that is read gets zeros above
  std::uint32_t offset = 0;
  std::uint32_t word = 0;

  bool operator==(const Move&) const = default;
};

/// A `byval` argument: the image has a pointer, the callee gets a copy of what it points to on the stack.
struct StackCopy {
  std::uint32_t word = 0;
  std::uint32_t offset = 0;
  std::uint32_t bytes = 0;
  std::uint32_t align = 8;

  bool operator==(const StackCopy&) const = default;
};

/// Shapes that need no moves at all, which most calls have.
enum class FastCall : std::uint8_t {
  None,
  Integers, ///< up to 6 whole words in integer registers; the result, if any, in RAX
  Doubles,  ///< up to 4 doubles, a double as result
};

struct CallShape {
  std::vector<Move> arguments;
  std::vector<Move> results;
  std::vector<StackCopy> copies;

  std::uint32_t argumentWords = 0; ///< in the image
  std::uint32_t resultWords = 0;
  std::uint32_t stackBytes = 0; ///< of stack arguments; where the unnamed arguments begin in a variadic definition
  std::uint32_t stackAlign = 16;
  std::uint32_t gprUsed = 0; ///< including the hidden pointer's
  std::uint32_t sseUsed = 0;
  std::uint32_t x87Results = 0;

  /// The results do not fit into registers: the caller gives the address of memory for them in RDI, and the callee
  /// returns it in RAX.
  bool demoted = false;
  std::uint32_t resultOffset = 0; ///< where callNative() puts that memory, counted from the stack arguments
  std::uint32_t areaBytes = 0;    ///< of stack that callNative() needs for both

  std::int8_t sretGpr = -1; ///< register of an explicit `sret` argument, whose value is returned in RAX
  bool variadic = false;
  /// coldcc: the callee keeps all registers but RAX. callNative() may call it; a definition can have no NativeEntry,
  /// which needs R11.
  bool preservesMost = false;

  FastCall fast = FastCall::None;
  std::uint64_t resultMask = ~std::uint64_t{0}; ///< of RAX, for FastCall::Integers
};

} // namespace kiln
