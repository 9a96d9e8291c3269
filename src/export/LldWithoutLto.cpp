// lld without link-time optimisation. It would take bitcode and compile it with pipelines and for targets of LLVM that
// nothing else here uses, five megabytes of code. Kiln hands it objects only, and bitcode that hides in a library is refused
// when it is opened, so that what stands behind is never reached.
//
// All is weak: in a link that has the real ones, those count. (An archive's are not taken out for a name that is there
// already. A host that calls LLVM's link-time optimiser itself must name its archive before Kiln's.)
#include <llvm/LTO/LTO.h>
#include <llvm/Passes/PassPlugin.h>

/// The passes that distributions add.
[[gnu::weak]] llvm::PassPluginLibraryInfo getPollyPluginInfo() { return {}; }

namespace llvm::lto {

[[gnu::weak]] Expected<std::unique_ptr<InputFile>> InputFile::create(MemoryBufferRef file) {
  return createStringError(inconvertibleErrorCode(),
                           file.getBufferIdentifier() +
                               ": is bitcode, of which the linker wants native code; build the library without -flto");
}

} // namespace llvm::lto

// The rest by its symbols, for its classes are not in installed headers.
#define KILN_UNREACHED(number, symbol)                                                                                    \
  extern "C" [[gnu::weak, noreturn]] void kilnUnreached##number() asm(symbol);                                            \
  void kilnUnreached##number() { __builtin_trap(); }

KILN_UNREACHED(1, "_ZN3lld3elf15BitcodeCompilerC1Ev")
KILN_UNREACHED(2, "_ZN3lld3elf15BitcodeCompilerD1Ev")
KILN_UNREACHED(3, "_ZN3lld3elf15BitcodeCompiler3addERNS0_11BitcodeFileE")
KILN_UNREACHED(4, "_ZN3lld3elf15BitcodeCompiler7compileEv")
KILN_UNREACHED(5, "_ZN4llvm3lto9InputFileD1Ev")
KILN_UNREACHED(6, "_ZNK4llvm3lto9InputFile7getNameEv")
KILN_UNREACHED(7, "_ZN4llvm3lto20getThinLTOOutputFileB5cxx11ENS_9StringRefES1_S1_")
KILN_UNREACHED(8, "_ZN4llvm3lto3LTO24getRuntimeLibcallSymbolsERKNS_6TripleE")
KILN_UNREACHED(9, "_ZN3lld3elf15BitcodeCompilerC2Ev")
KILN_UNREACHED(10, "_ZN3lld3elf15BitcodeCompilerD2Ev")
KILN_UNREACHED(11, "_ZN4llvm3lto9InputFileD2Ev")

// Registers every target that LLVM was built with.
#define LLVM_TARGET(name)                                                                                                 \
  extern "C" {                                                                                                            \
  [[gnu::weak]] void LLVMInitialize##name##TargetInfo() {}                                                                \
  [[gnu::weak]] void LLVMInitialize##name##Target() {}                                                                    \
  [[gnu::weak]] void LLVMInitialize##name##TargetMC() {}                                                                  \
  [[gnu::weak]] void LLVMInitialize##name##AsmPrinter() {}                                                                \
  [[gnu::weak]] void LLVMInitialize##name##AsmParser() {}                                                                 \
  }
#include "export/OtherTargets.def"
