// What stands in for parts of LLVM and lld that Kiln never uses, so that the linker drops them: 3 MB of the executable
// and 4 MB of the shared library. cmake/LeftOut.txt says for each symbol which of the three takes its place, and why
// nothing misses it.
#include <llvm/IR/Analysis.h>

/// In place of the run() of any pass that LLVM's pipelines have switched off, or that would find nothing to do: it changes
/// nothing. The result comes back through the first argument, so that what the pass would work on does not matter.
[[gnu::used]] llvm::PreservedAnalyses passLeftOut() asm("kiln_left_out_pass");
llvm::PreservedAnalyses passLeftOut() { return llvm::PreservedAnalyses::all(); }

extern "C" {

/// In place of a factory whose product nobody asks for, and of registrations.
[[gnu::used]] void* kiln_left_out_nothing() { return nullptr; }

/// In place of what nobody calls.
[[gnu::used]] void kiln_left_out() { __builtin_trap(); }
}
