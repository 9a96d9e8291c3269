// What ops refer to outside of a function's code: functions, call sites, switch tables, invokes.
//
// All of it is made by the decoder and lives as long as the program. Counts in it are written by running handlers,
// relaxed and lossy; FunctionEntry's fields are constant once the function's slot leads to its thunk.
#pragma once

#include <atomic>
#include <vector>

#include "abi/NativeCall.h"
#include "function/FunctionRecord.h"
#include "interp/InvokeStubPool.h"
#include "interp/Op.h"
#include "profile/ValueCounts.h"

namespace llvm {
class FunctionType;
}

namespace kiln::interp {

class Interpreter;
struct Code;
struct LoopHeader;

/// A function of the program as calls see it. A call may go straight to its code while `*slot == thunk`: while the
/// slot leads into the interpreter. `thunk` is zero until the function was decoded.
struct FunctionEntry : NativeEntry {
  const std::atomic<std::uintptr_t>* slot = nullptr;
  std::uintptr_t thunk = 0; ///< where native calls enter
  std::uintptr_t stub = 0;  ///< the function's address, as the program sees it
  Counters* counters = nullptr;
  Op* code = nullptr;
  std::uint32_t frameBytes = 0; ///< a multiple of 16
  std::uint32_t resultWords = 0;
  std::uint32_t variadicWord = 0; ///< of the frame: registers and stack of the caller, for va_start
  /// The argument image can be the beginning of the frame: nothing is copied for the callee, nothing is variadic.
  bool direct = false;
  const CallShape* shape = nullptr;
  const llvm::FunctionType* type = nullptr;
  std::atomic<Code*> decoded{nullptr}; ///< release; the profile is read from it by any thread
  std::uint32_t id = 0;
};

struct CallSite {
  const CallShape& shape; ///< shared by the calls of one signature
  const llvm::FunctionType* type = nullptr;
  Interpreter* interpreter = nullptr;
  std::uint32_t value = 0;   ///< number of the call in the function
  bool direct = false;       ///< as FunctionEntry::direct, from the caller's side
  bool indirect = false;
  ValueCounts targets = {};  ///< of an indirect call, if the profile is kept
};

struct SwitchTable {
  struct Case {
    std::int64_t offset = 0; ///< from the switch op, in bytes
    Word count = 0;
  };
  std::uint64_t low = 0;
  std::uint64_t dense = 0;  ///< cases[i] is for low + i
  std::uint64_t sorted = 0; ///< cases[i] is for values[i], ascending
  Case otherwise;
  std::vector<Case> cases;
  std::vector<std::uint64_t> values;
};

/// Values that the integer arguments of a function had.
struct ArgumentValues {
  struct Argument {
    std::uint32_t word = 0;
    std::uint32_t index = 0; ///< of the argument
    Word mask = 0;           ///< the bits of its type
    Word value = 0;
    Word calls = 0; ///< that saw this value; 0 before the first
    bool varied = false;
  };
  std::vector<Argument> arguments;
};

// Parts of the run-time that handlers call ----------------------------------------------------------------------------

/// The loop budget was spent at a back-edge to the header: a continuation T (state*) to go on in, or null to stay.
const void* atBackEdge(LoopHeader& header);
/// The entry for the function at `address` if its code can be called straight from this site, or null.
FunctionEntry* directTarget(CallSite& site, std::uintptr_t address);
/// After atBackEdge() gave a continuation: the words of its state, and the shape of its call.
std::uint32_t stateWords(const LoopHeader& header);
void captureState(const LoopHeader& header, const Word* frame, Word* state);
const CallShape& continuationShape(const LoopHeader& header);

/// Stands in for a jump whose loop budget is spent; the op's word `At` is the budget, the next one the header.
template <unsigned At> KILN_HANDLER Word backEdge(Op* ip, Word* frame);
/// The same for ops whose jump is in k[0], with the budget behind it.
KILN_HANDLER Word backEdgeFar(Op* ip, Word* frame);

/// NativeEntry::run of every FunctionEntry.
void enterFromNative(NativeEntry* entry, RegisterFile* registers, std::byte* stack);

// Call ops (Call.cpp). After the fields: k[0] and k[1] as told, then the words of the arguments, four to a word: frame words
// that make up the argument image. d: where the results go; b: words of arguments; c: words of results.
struct CallForm {
  unsigned arguments = 0;
  unsigned results = 0;
  unsigned words() const { return kOpWords + 2 + (arguments + 3) / 4; }
};
/// To a function of the program: k[0] = FunctionEntry*, k[1] = CallSite*.
Handler callDirect(CallForm form);
/// The same through the slot and the platform's convention always.
Handler callSlot();
/// To the address k[0].
Handler callExternal(const CallShape& shape, CallForm form);
/// To the address in word a; k[0] = FunctionEntry* seen last (never null).
Handler callIndirect(CallForm form, bool count);
/// k[0] = SharedStub*, k[1] = bytes to where the call returns to; offset = jump to the landing pad, x = its two words. The call op and
/// invokeEnd() follow.
Handler invoke();
Handler invokeEnd();
/// a = exception, k[0] = _Unwind_Resume.
Handler resume();
/// a = address of the va_list, k[0] = FunctionEntry*.
Handler variadicStart();
/// k[0] = ArgumentValues*.
Handler profileArguments();
/// a = a size, k[0] = ValueCounts*.
Handler recordSize();
/// An entry that no address belongs to.
FunctionEntry* noEntry();

} // namespace kiln::interp
