// perf's jit-PID.dump: generated code with names, lines and unwind tables, written as it is made.
//
// The file is mapped executable once, which is how `perf record` learns that it is there; `perf inject --jit` then
// makes an ELF file of each record. Times are of the monotonic clock: record with `perf record -k mono`. Records are
// not withdrawn: each holds from its time on.
//
// Source: Linux, tools/perf/Documentation/jitdump-specification.txt.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "diag/CodeNames.h"

namespace kiln {

/// Used under CodeNames' lock.
class JitDump {
public:
  /// Begins `folder`/jit-PID.dump. Fails with SystemError.
  static Result<std::unique_ptr<JitDump>> open(const std::string& folder);
  ~JitDump();
  JitDump(const JitDump&) = delete;
  JitDump& operator=(const JitDump&) = delete;

  void add(const CodeNames::Code& code);

private:
  JitDump() = default;
  void write(const std::vector<std::byte>& record);

  int file_ = -1;
  void* marker_ = nullptr;
  std::uint64_t count_ = 0; ///< of loads
};

} // namespace kiln
