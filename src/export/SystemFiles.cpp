#include "export/SystemFiles.h"

#include <llvm/Object/Archive.h>
#include <llvm/Object/ELF.h>
#include <llvm/Support/MemoryBuffer.h>

#include <dirent.h>
#include <unistd.h>

#include <cstdlib>

namespace kiln {
namespace {

constexpr const char* kLibraryFolders[] = {"/usr/local/lib/x86_64-linux-gnu",
                                           "/usr/local/lib64",
                                           "/usr/local/lib",
                                           "/usr/lib/x86_64-linux-gnu",
                                           "/lib/x86_64-linux-gnu",
                                           "/usr/lib64",
                                           "/lib64",
                                           "/usr/lib",
                                           "/lib"};
/// By what distributions call this machine.
constexpr const char* kGccFolders[] = {"/usr/lib/gcc/x86_64-linux-gnu", "/usr/lib/gcc/x86_64-redhat-linux",
                                       "/usr/lib64/gcc/x86_64-suse-linux", "/usr/lib/gcc/x86_64-pc-linux-gnu"};

bool readable(const std::string& path) {
  return access(path.c_str(), R_OK) == 0;
}

/// The folder of the newest GCC that has its runtime installed, or empty: "12" or "12.2.0", compared as numbers.
std::string newestGcc(const std::string& root) {
  std::string best;
  double highest = -1;
  for (const char* folder : kGccFolders) {
    const std::string where = root + folder;
    DIR* open = opendir(where.c_str());
    if (!open)
      continue;
    while (const dirent* entry = readdir(open)) {
      const double version = strtod(entry->d_name, nullptr);
      const std::string path = where + "/" + entry->d_name;
      if (entry->d_name[0] != '.' && version > highest && readable(path + "/libgcc.a")) {
        highest = version;
        best = path;
      }
    }
    closedir(open);
  }
  return best;
}

} // namespace

SystemFiles::SystemFiles(const ExportOptions& options) : folders_(options.libraryFolders) {
  if (std::string gcc = newestGcc(options.sysroot); !gcc.empty())
    folders_.push_back(gcc);
  for (const char* folder : kLibraryFolders)
    if (std::string path = options.sysroot + folder; readable(path))
      folders_.push_back(path);
}

std::string SystemFiles::find(const std::string& name) const {
  for (const std::string& folder : folders_)
    if (std::string path = folder + "/" + name; readable(path))
      return path;
  return {};
}

Result<std::string> SystemFiles::startFile(const std::string& name) const {
  if (std::string path = find(name); !path.empty())
    return path;
  const bool ofGcc = name.starts_with("crtbegin") || name.starts_with("crtend") || name.starts_with("libgcc");
  return fail(ErrorCode::FileNotFound,
              "'" + name +
                  "', which every executable is linked with, is in none of the system's library folders; install " +
                  (ofGcc ? "GCC's runtime (Debian: libgcc-12-dev, with the version of GCC)"
                         : "the C library's development files (Debian: libc6-dev)"));
}

Result<std::string> SystemFiles::library(const std::string& name, bool isStatic) const {
  std::string wanted = name;
  if (isStatic)
    if (std::size_t suffix = name.find(".so"); suffix != std::string::npos)
      wanted = name.substr(0, suffix) + ".a";
  std::string path = wanted.find('/') != std::string::npos ? (readable(wanted) ? wanted : "") : find(wanted);
  if (path.empty())
    return fail(ErrorCode::LibraryNotLoaded,
                "'" + wanted + "', " + (isStatic ? "for a static executable, " : "") + "is not there" +
                    (wanted.find('/') == std::string::npos ? " in any library folder" : ""));
  return path;
}

namespace {

using Elf = llvm::object::ELFFile<llvm::object::ELF64LE>;

/// Of one section; what is damaged has no names.
void addDynamicSymbols(const Elf& elf, const Elf::Elf_Shdr& section, llvm::StringSet<>& names) {
  auto symbols = elf.symbols(&section);
  auto text = elf.getStringTableForSymtab(section);
  if (symbols && text)
    for (const Elf::Elf_Sym& symbol : *symbols) {
      if (symbol.getBinding() == llvm::ELF::STB_LOCAL)
        continue;
      if (auto name = symbol.getName(*text))
        names.insert(*name);
      else
        llvm::consumeError(name.takeError());
    }
  llvm::consumeError(symbols.takeError());
  llvm::consumeError(text.takeError());
}

} // namespace

void addSymbols(const std::string& path, llvm::StringSet<>& names) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return;
  if ((*buffer)->getBuffer().starts_with(llvm::object::ArchiveMagic)) {
    if (auto archive = llvm::object::Archive::create(**buffer))
      for (const llvm::object::Archive::Symbol& symbol : (*archive)->symbols())
        names.insert(symbol.getName());
    else
      llvm::consumeError(archive.takeError());
    return;
  }
  // The C library's development file is a script of the linker's; the libraries in it are asked for by their own names.
  if (!(*buffer)->getBuffer().starts_with(llvm::StringRef("\x7f"
                                                          "ELF\x02\x01",
                                                          6)))
    return;
  auto elf = Elf::create((*buffer)->getBuffer());
  if (!elf)
    return llvm::consumeError(elf.takeError());
  auto sections = elf->sections();
  if (!sections)
    return llvm::consumeError(sections.takeError());
  for (const Elf::Elf_Shdr& section : *sections)
    if (section.sh_type == llvm::ELF::SHT_DYNSYM)
      addDynamicSymbols(*elf, section, names);
}

} // namespace kiln
