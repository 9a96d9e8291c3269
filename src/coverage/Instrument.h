// Puts counters into a module: one for each block, in one array, which the program keeps like any variable of its own.
//
// The other way would be to derive blocks from a profile's branches and entries. Those do not tell whether a block that
// ends in a plain jump reached its end (exit(), longjmp() and exceptions leave in the middle), hold only for the tiers
// that record, and are of prepared functions, whose blocks have lost their lines. Counters in the bitcode cost a load,
// an addition and a store for each block, at every tier alike, and nothing when nobody wants coverage.
#pragma once

#include <string>

#include "coverage/Coverage.h"
#include "program/Source.h"

namespace kiln {

struct CountedSource {
  Source source;         ///< with counters
  std::string variable;  ///< the array's name; empty if the module has no blocks
  ModuleCoverage module; ///< all counts 0; blocks that are reachable have the counters in the order of the lists
};

/// `number` tells modules of a program apart. Fails with BadBitcode or VerifierFailed.
Result<CountedSource> countBlocks(const Source& source, std::size_t number);

} // namespace kiln
