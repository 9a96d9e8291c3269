#include "support/BuildNote.h"

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstring>

namespace kiln {
namespace {

struct Search {
  std::uintptr_t inside; ///< an address of the module that is meant
  std::string found;
};

std::size_t aligned(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

void lookAt(const char* notes, std::size_t size, std::string& found) {
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    memcpy(&note, notes, sizeof note);
    const std::size_t whole = sizeof note + aligned(note.n_namesz) + aligned(note.n_descsz);
    if (whole > size)
      return;
    const char* name = notes + sizeof note;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(name, "GNU", 4) == 0)
      found.assign(name + aligned(note.n_namesz), note.n_descsz);
    notes += whole;
    size -= whole;
  }
}

int visit(dl_phdr_info* module, std::size_t, void* data) {
  auto& search = *static_cast<Search*>(data);
  bool mine = false;
  for (int i = 0; i < module->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = module->dlpi_phdr[i];
    mine |= segment.p_type == PT_LOAD && search.inside - (module->dlpi_addr + segment.p_vaddr) < segment.p_memsz;
  }
  if (!mine)
    return 0;
  for (int i = 0; i < module->dlpi_phnum; ++i)
    if (const ElfW(Phdr)& segment = module->dlpi_phdr[i]; segment.p_type == PT_NOTE)
      lookAt(reinterpret_cast<const char*>(module->dlpi_addr + segment.p_vaddr), segment.p_memsz, search.found);
  return 1;
}

} // namespace

std::string ownBuildNote() {
  Search search{reinterpret_cast<std::uintptr_t>(&ownBuildNote), {}};
  dl_iterate_phdr(visit, &search);
  return search.found;
}

} // namespace kiln
