// How a program's data lies in memory.
#pragma once

namespace kiln {

/// What LLVM 19 lays data out like on x86-64 System V; Kiln writes globals and passes arguments by it.
inline constexpr const char* kDataLayout =
    "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128";

} // namespace kiln
