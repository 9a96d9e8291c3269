// What tools that look at the process from outside are told about generated code: perf by a file of names, GDB by its JIT
// interface.
//
//   perf   /tmp/perf-PID.map: a line with address, size and name for each installed version, written at once, so that the
//          map is whole when the program is killed. A version whose memory is given back stays in it: perf reads the map
//          when the program is gone.
//   perf   jit-PID.dump (JitDump.h): the same with the code itself, its lines and unwind tables
//   GDB    an ELF file in memory for each version, with a symbol and the unwind table, in the list that GDB reads when it
//          attaches and after each change
//
// An object belongs to one program and forgets its code when it dies. Thread-safe. In between prepareFork() and the other two
// nothing is added.
//
// Sources: Linux, tools/perf/Documentation/jit-interface.txt; GDB, "JIT Compilation Interface".
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "code/LineTable.h"
#include "kiln/Error.h"

namespace kiln {

struct GdbEntry;
class JitDump;

class CodeNames {
public:
  struct Settings {
    bool perfMap = false;
    bool gdb = false;
    std::string jitdump = {}; ///< the folder, or empty
  };
  struct Code {
    std::string_view function;
    std::string_view variant; ///< of the function: its tier
    std::uintptr_t address = 0;
    std::size_t bytes = 0;
    const void* unwindSection = nullptr; ///< `.eh_frame` that ends with a zero word, or null
    const LineTable* lines = nullptr;    ///< of the code, or null
  };

  /// Fails with SystemError if the map cannot be written.
  static Result<std::unique_ptr<CodeNames>> open(Settings settings);
  ~CodeNames();
  CodeNames(const CodeNames&) = delete;
  CodeNames& operator=(const CodeNames&) = delete;

  void add(const Code& code);
  /// The code at this address is gone.
  void remove(std::uintptr_t address);

  void prepareFork();
  void parentAfterFork();
  /// perf looks the child's code up in a map of its own.
  void childAfterFork();

private:
  explicit CodeNames(Settings settings);
  Result<void> openMap();
  void write(std::string_view line);

  const Settings settings_;
  std::mutex mutex_;
  int map_ = -1;
  std::string lines_; ///< that were written
  std::multimap<std::uintptr_t, std::unique_ptr<GdbEntry>> entries_;
  std::unique_ptr<JitDump> dump_; ///< null if none is written
};

} // namespace kiln
