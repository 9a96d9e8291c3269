// How many bytes of machine code the functions of a module are.
//
// Measured by LLVM's fast code generator on the bitcode as it is, without passes and counters: so it is the same
// whatever ran, also for functions that never did. It is for shares of a whole; the generator that optimises would come
// nearer to the sizes of a native build, and takes five times as long (9 s, not 1.6 s, for SQLite).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "program/Source.h"

namespace kiln {

/// By name. Functions that are not in the object are not listed.
Result<std::map<std::string, std::uint64_t>> codeSizes(const Source& source);

} // namespace kiln
