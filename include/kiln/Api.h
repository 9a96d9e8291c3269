// What marks the interface of the shared library. Everything else in it has hidden visibility, and its version script
// (src/kiln.map) keeps all symbols of LLVM, lld and AsmJit to itself, so that a host may have an LLVM of its own.
#pragma once

/// Stands before what hosts call: exported from libkiln.so under the version node KILN_0.1. Without effect in the
/// static library.
#define KILN_API __attribute__((visibility("default")))
