#include "diag/CodeNames.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "diag/GdbJit.h"

/// As GDB declares it.
struct KilnGdbDescriptor {
  std::uint32_t version;
  std::uint32_t action;
  kiln::GdbNode* relevant;
  kiln::GdbNode* first;
};
extern "C" KilnGdbDescriptor __jit_debug_descriptor;

namespace kiln {
namespace {

std::string mapOf(pid_t process) {
  std::ifstream file("/tmp/perf-" + std::to_string(process) + ".map");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct PerfMap : testing::Test {
  ~PerfMap() override { unlink(("/tmp/perf-" + std::to_string(getpid()) + ".map").c_str()); }
};

TEST_F(PerfMap, HasALineForEachVersion) {
  auto names = CodeNames::open({.perfMap = true});
  ASSERT_TRUE(names);
  (*names)->add({"fib", "baseline", 0x123450, 0x60, nullptr});
  (*names)->add({"_ZN1a1bEv", "O3 loop 4", 0x7fff00001000, 4096, nullptr});
  EXPECT_EQ(mapOf(getpid()), "123450 60 fib [baseline]\n7fff00001000 1000 _ZN1a1bEv [O3 loop 4]\n");
}

TEST_F(PerfMap, ProgramsShareTheFile) {
  auto one = CodeNames::open({.perfMap = true}), other = CodeNames::open({.perfMap = true});
  ASSERT_TRUE(one && other);
  (*one)->add({"f", "O0", 0x10, 1, nullptr});
  (*other)->add({"g", "O0", 0x20, 1, nullptr});
  (*one)->add({"h", "O0", 0x30, 1, nullptr});
  EXPECT_EQ(mapOf(getpid()), "10 1 f [O0]\n20 1 g [O0]\n30 1 h [O0]\n");
}

TEST_F(PerfMap, WhatAnEarlierProcessLeftGoes) {
  std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
  std::ofstream(path) << "1 2 stale\n";
  timespec old[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), old, 0), 0);
  auto names = CodeNames::open({.perfMap = true});
  ASSERT_TRUE(names);
  (*names)->add({"f", "O0", 0x10, 1, nullptr});
  EXPECT_EQ(mapOf(getpid()), "10 1 f [O0]\n");
}

TEST_F(PerfMap, AChildHasItsOwn) {
  auto names = CodeNames::open({.perfMap = true});
  ASSERT_TRUE(names);
  (*names)->add({"before", "O0", 0x10, 1, nullptr});
  (*names)->prepareFork();
  pid_t child = fork();
  if (child == 0) {
    (*names)->childAfterFork();
    (*names)->add({"child", "O0", 0x20, 1, nullptr});
    _exit(0);
  }
  (*names)->parentAfterFork();
  waitpid(child, nullptr, 0);
  (*names)->add({"parent", "O0", 0x30, 1, nullptr});
  EXPECT_EQ(mapOf(getpid()), "10 1 before [O0]\n30 1 parent [O0]\n");
  EXPECT_EQ(mapOf(child), "10 1 before [O0]\n20 1 child [O0]\n");
  unlink(("/tmp/perf-" + std::to_string(child) + ".map").c_str());
}

TEST(Gdb, FileHasTheSymbolAndTheUnwindTable) {
  const std::uint32_t table[] = {4, 0, 8, 1, 2, 0}; // two records and the end
  auto file = gdbFile({"fib", "baseline", 0x5000, 96, table});
  Elf64_Ehdr header;
  memcpy(&header, file.data(), sizeof header);
  ASSERT_EQ(memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  memcpy(sections.data(), file.data() + header.e_shoff, sections.size() * sizeof(Elf64_Shdr));
  auto text = [&](std::uint32_t at) {
    return reinterpret_cast<const char*>(file.data()) + sections[header.e_shstrndx].sh_offset + at;
  };
  unsigned found = 0;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const Elf64_Shdr& section = sections[i];
    if (section.sh_name && std::string(text(section.sh_name)) == ".text") {
      ++found;
      EXPECT_EQ(section.sh_addr, 0x5000u);
      EXPECT_EQ(section.sh_size, 96u);
    } else if (section.sh_name && std::string(text(section.sh_name)) == ".eh_frame") {
      ++found;
      EXPECT_EQ(section.sh_addr, reinterpret_cast<std::uintptr_t>(table));
      ASSERT_EQ(section.sh_size, sizeof table);
      EXPECT_EQ(memcmp(file.data() + section.sh_offset, table, sizeof table), 0);
    } else if (section.sh_type == SHT_SYMTAB) {
      ++found;
      Elf64_Sym symbol;
      memcpy(&symbol, file.data() + section.sh_offset + sizeof symbol, sizeof symbol);
      EXPECT_EQ(std::string(text(symbol.st_name)), "fib");
      EXPECT_EQ(std::string(text(sections[symbol.st_shndx].sh_name)), ".text");
      EXPECT_EQ(symbol.st_size, 96u);
    }
  }
  EXPECT_EQ(found, 3u);
}

TEST(Gdb, ListHoldsWhatIsThere) {
  auto names = CodeNames::open({.gdb = true});
  ASSERT_TRUE(names);
  auto count = [] {
    unsigned nodes = 0;
    GdbNode* previous = nullptr;
    for (GdbNode* node = __jit_debug_descriptor.first; node; previous = node, node = node->next, ++nodes)
      EXPECT_EQ(node->previous, previous);
    return nodes;
  };
  EXPECT_EQ(__jit_debug_descriptor.version, 1u);
  EXPECT_EQ(count(), 0u);
  for (std::uintptr_t address : {0x1000, 0x2000, 0x3000})
    (*names)->add({"f", "O0", address, 16, nullptr});
  EXPECT_EQ(count(), 3u);
  (*names)->remove(0x2000);
  EXPECT_EQ(count(), 2u);
  (*names)->remove(0x1000);
  (*names)->remove(0x1000);
  EXPECT_EQ(count(), 1u);
  (*names).reset();
  EXPECT_EQ(count(), 0u);
}

} // namespace
} // namespace kiln
