// How many bytes of machine code the functions of a module are.
//
// Measured by LLVM's code generator at the level of O2 on the bitcode as it is, without passes and without counters: so it is
// the same whatever ran, also for functions that never did, and stands for what a native build of this bitcode has.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "program/Source.h"

namespace kiln {

/// By name. Takes as long as a native build at -O0 of the module. Functions that are not in the object are not listed.
Result<std::map<std::string, std::uint64_t>> codeSizes(const Source& source);

} // namespace kiln
