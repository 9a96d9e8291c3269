// lld without link-time optimisation. It would take bitcode and compile it with pipelines and for targets of LLVM that
// nothing else here uses, five megabytes of code. Kiln hands it objects only, and bitcode that hides in a library is
// refused when it is opened, so that what stands behind is never reached.
//
// All is weak: in a link that has the real ones, those count. (An archive's are not taken out for a name that is there
// already. A host that calls LLVM's link-time optimiser itself must name its archive before Kiln's.)
#include <llvm/LTO/LTO.h>
#include <llvm/Passes/PassPlugin.h>

#include <vector>

/// The passes that distributions add.
[[gnu::weak]] llvm::PassPluginLibraryInfo getPollyPluginInfo() {
  return {};
}

namespace llvm::lto {

[[gnu::weak]] Expected<std::unique_ptr<InputFile>> InputFile::create(MemoryBufferRef file) {
  return createStringError(inconvertibleErrorCode(),
                           file.getBufferIdentifier() +
                               ": is bitcode, of which the linker wants native code; build the library without -flto");
}

} // namespace llvm::lto

// The rest by its symbols, for its classes are not in installed headers. lld makes its compiler of bitcode for every
// link; it is never given a file, and yields none.
#define KILN_REPLACED(number, symbol) extern "C" [[gnu::weak]] void kilnReplaced##number() asm(symbol)

KILN_REPLACED(1, "_ZN3lld3elf15BitcodeCompilerC1Ev");
KILN_REPLACED(2, "_ZN3lld3elf15BitcodeCompilerC2Ev");
KILN_REPLACED(3, "_ZN3lld3elf15BitcodeCompilerD1Ev");
KILN_REPLACED(4, "_ZN3lld3elf15BitcodeCompilerD2Ev");
KILN_REPLACED(5, "_ZN4llvm3lto9InputFileD1Ev");
KILN_REPLACED(6, "_ZN4llvm3lto9InputFileD2Ev");
void kilnReplaced1() {}
void kilnReplaced2() {}
void kilnReplaced3() {}
void kilnReplaced4() {}
void kilnReplaced5() {}
void kilnReplaced6() {}

/// Members of lld's class by how they are called: what is returned is passed first, then the object.
struct [[gnu::visibility("hidden")]] BitcodeCompilerStandIn {
  [[gnu::weak]] std::vector<void*> compile() asm("_ZN3lld3elf15BitcodeCompiler7compileEv");
};
std::vector<void*> BitcodeCompilerStandIn::compile() {
  return {};
}

#define KILN_UNREACHED(number, symbol)                                                                                 \
  extern "C" [[gnu::weak, noreturn]] void kilnUnreached##number() asm(symbol);                                         \
  void kilnUnreached##number() {                                                                                       \
    __builtin_trap();                                                                                                  \
  }

KILN_UNREACHED(1, "_ZN3lld3elf15BitcodeCompiler3addERNS0_11BitcodeFileE")
KILN_UNREACHED(2, "_ZNK4llvm3lto9InputFile7getNameEv")
KILN_UNREACHED(3, "_ZN4llvm3lto20getThinLTOOutputFileB5cxx11ENS_9StringRefES1_S1_")
KILN_UNREACHED(4, "_ZN4llvm3lto3LTO24getRuntimeLibcallSymbolsERKNS_6TripleE")

// Registers every target that LLVM was built with.
#define LLVM_TARGET(name)                                                                                              \
  extern "C" {                                                                                                         \
  [[gnu::weak]] void LLVMInitialize##name##TargetInfo() {}                                                             \
  [[gnu::weak]] void LLVMInitialize##name##Target() {}                                                                 \
  [[gnu::weak]] void LLVMInitialize##name##TargetMC() {}                                                               \
  [[gnu::weak]] void LLVMInitialize##name##AsmPrinter() {}                                                             \
  [[gnu::weak]] void LLVMInitialize##name##AsmParser() {}                                                              \
  }
#include "export/OtherTargets.def"
