#include "diag/GdbJit.h"

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <initializer_list>
#include <mutex>
#include <string>

#include "diag/DebugSections.h"

/// GDB's `jit_descriptor`.
struct KilnGdbDescriptor {
  std::uint32_t version = 1;
  std::uint32_t action = 0;
  kiln::GdbNode* relevant = nullptr;
  kiln::GdbNode* first = nullptr;
};

// Weak: of all the runtimes in the process one defines them.
extern "C" {
[[gnu::weak, gnu::noinline, gnu::used, gnu::visibility("default")]] void __jit_debug_register_code() { asm volatile("" ::: "memory"); }
[[gnu::weak, gnu::used, gnu::visibility("default")]] KilnGdbDescriptor __jit_debug_descriptor;
}

namespace kiln {
namespace {

enum : std::uint32_t { kRegister = 1, kUnregister = 2 };

std::mutex& listLock() {
  // Never destroyed: programs may die while the process ends.
  static auto* lock = new std::mutex;
  return *lock;
}

class ElfFile {
public:
  enum Section : std::uint16_t { None, Text, Frames, Symbols, Strings, Abbreviations, Information, Lines, Count };

  ElfFile() { file_.resize(sizeof(Elf64_Ehdr)); }

  std::uint32_t text(std::string_view value) {
    auto at = static_cast<std::uint32_t>(strings_.size());
    strings_.append(value).push_back('\0');
    return at;
  }
  Elf64_Shdr& section(Section which, std::string_view name, std::uint32_t type) {
    sections_[which].sh_name = text(name);
    sections_[which].sh_type = type;
    sections_[which].sh_addralign = 8;
    return sections_[which];
  }
  void fill(Section which, const void* content, std::size_t bytes) {
    file_.resize((file_.size() + 7) / 8 * 8);
    sections_[which].sh_offset = file_.size();
    sections_[which].sh_size = bytes;
    append(content, bytes);
  }
  std::vector<std::byte> finish() {
    section(Strings, ".strtab", SHT_STRTAB);
    fill(Strings, strings_.data(), strings_.size());
    file_.resize((file_.size() + 7) / 8 * 8);
    Elf64_Ehdr header{};
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_REL;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_shoff = file_.size();
    header.e_ehsize = sizeof header;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = Count;
    header.e_shstrndx = Strings;
    append(sections_, sizeof sections_);
    memcpy(file_.data(), &header, sizeof header);
    return std::move(file_);
  }

private:
  void append(const void* content, std::size_t bytes) {
    std::size_t at = file_.size();
    file_.resize(at + bytes);
    memcpy(file_.data() + at, content, bytes);
  }

  std::vector<std::byte> file_;
  std::string strings_ = std::string(1, '\0');
  Elf64_Shdr sections_[Count] = {};
};

/// Breakpoints are written into the code. In memory that is shared, as the code's is with its writable view, the kernel lets
/// debuggers write only where the process may. Where that is forbidden, hardware breakpoints are left.
void allowBreakpoints(const CodeNames::Code& code) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t begin = code.address / page * page, end = (code.address + code.bytes + page - 1) / page * page;
  (void)mprotect(reinterpret_cast<void*>(begin), end - begin, PROT_READ | PROT_WRITE | PROT_EXEC);
}

} // namespace

std::size_t unwindBytes(const void* section) {
  const auto* bytes = static_cast<const std::byte*>(section);
  std::size_t at = 0;
  for (;;) {
    std::uint32_t length = 0;
    memcpy(&length, bytes + at, sizeof length);
    at += sizeof length + length;
    if (length == 0)
      return at;
  }
}

std::vector<std::byte> gdbFile(const CodeNames::Code& code) {
  ElfFile elf;
  Elf64_Shdr& text = elf.section(ElfFile::Text, ".text", SHT_NOBITS);
  text.sh_flags = SHF_ALLOC | SHF_EXECINSTR;
  text.sh_addr = code.address;
  text.sh_size = code.bytes;
  // Distances in the table count from where it is in memory.
  Elf64_Shdr& frames = elf.section(ElfFile::Frames, ".eh_frame", SHT_PROGBITS);
  if (code.unwindSection) {
    frames.sh_flags = SHF_ALLOC;
    frames.sh_addr = reinterpret_cast<std::uintptr_t>(code.unwindSection);
    elf.fill(ElfFile::Frames, code.unwindSection, unwindBytes(code.unwindSection));
  }
  Elf64_Sym symbols[2] = {};
  symbols[1].st_name = elf.text(code.function);
  symbols[1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
  symbols[1].st_shndx = ElfFile::Text;
  symbols[1].st_size = code.bytes;
  Elf64_Shdr& table = elf.section(ElfFile::Symbols, ".symtab", SHT_SYMTAB);
  table.sh_entsize = sizeof(Elf64_Sym);
  table.sh_link = ElfFile::Strings;
  table.sh_info = 1; // the first that is not local
  elf.fill(ElfFile::Symbols, symbols, sizeof symbols);
  if (code.lines) {
    DebugSections debug = debugSections(*code.lines, code.address, code.bytes);
    auto add = [&](ElfFile::Section which, std::string_view name, const std::vector<std::byte>& content) {
      elf.section(which, name, SHT_PROGBITS).sh_addralign = 1;
      elf.fill(which, content.data(), content.size());
    };
    add(ElfFile::Abbreviations, ".debug_abbrev", debug.abbreviations);
    add(ElfFile::Information, ".debug_info", debug.information);
    add(ElfFile::Lines, ".debug_line", debug.lines);
  }
  return elf.finish();
}

std::unique_ptr<GdbEntry> showToGdb(const CodeNames::Code& code) {
  allowBreakpoints(code);
  auto entry = std::make_unique<GdbEntry>();
  entry->file = gdbFile(code);
  entry->node.file = entry->file.data();
  entry->node.bytes = entry->file.size();
  std::lock_guard lock(listLock());
  KilnGdbDescriptor& all = __jit_debug_descriptor;
  entry->node.next = all.first;
  if (all.first)
    all.first->previous = &entry->node;
  all.first = all.relevant = &entry->node;
  all.action = kRegister;
  __jit_debug_register_code();
  return entry;
}

void withdrawFromGdb(GdbEntry& entry) {
  std::lock_guard lock(listLock());
  KilnGdbDescriptor& all = __jit_debug_descriptor;
  (entry.node.previous ? entry.node.previous->next : all.first) = entry.node.next;
  if (entry.node.next)
    entry.node.next->previous = entry.node.previous;
  all.relevant = &entry.node;
  all.action = kUnregister;
  __jit_debug_register_code();
  all.relevant = nullptr;
}

} // namespace kiln
