#include "coverage/CodeSizes.h"

#include <llvm/IR/DebugInfo.h>

#include <elf.h>

#include <cstring>
#include <vector>

#include "compile/llvm/Backend.h"
#include "coverage/WholeModule.h"

namespace kiln {
namespace {

/// By hand: LLVM's reader of ELF files does not compile as C++23 with this standard library. The object was made in
/// this process, so its tables are where they say.
std::map<std::string, std::uint64_t> sizesIn(const std::vector<char>& object) {
  auto read = [&]<typename Part>(Part, std::uint64_t at) {
    Part part;
    memcpy(&part, object.data() + at, sizeof part);
    return part;
  };
  std::map<std::string, std::uint64_t> sizes;
  const auto file = read(Elf64_Ehdr{}, 0);
  auto section = [&](std::uint64_t index) { return read(Elf64_Shdr{}, file.e_shoff + index * sizeof(Elf64_Shdr)); };
  for (unsigned i = 0; i < file.e_shnum; ++i) {
    const Elf64_Shdr symbols = section(i);
    if (symbols.sh_type != SHT_SYMTAB)
      continue;
    const char* names = object.data() + section(symbols.sh_link).sh_offset;
    for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= symbols.sh_size; at += sizeof(Elf64_Sym)) {
      const auto symbol = read(Elf64_Sym{}, symbols.sh_offset + at);
      if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
        sizes[names + symbol.st_name] = symbol.st_size;
    }
  }
  return sizes;
}

} // namespace

Result<std::map<std::string, std::uint64_t>> codeSizes(const Source& source) {
  return withWholeModule(source, ErrorCode::CompileFailed, [](llvm::Module& module) -> Result<std::map<std::string, std::uint64_t>> {
    llvm::StripDebugInfo(module);
    Backend backend;
    auto object = backend.emitObject(module, Tier::O0);
    if (!object)
      return std::unexpected(object.error());
    return sizesIn(*object);
  });
}

} // namespace kiln
