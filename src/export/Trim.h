// The middle of an export: what of the whole program others may see, what was hot, and what goes.
//
// In this order, each on the module as linked (value numbers still hold): the entry becomes `main`; names that must
// stay are found and all others become local, so that passes may change and drop what nobody reaches; the profile goes
// onto the bodies; cold functions are marked to be small or replaced by traps.
#pragma once

#include <llvm/ADT/StringSet.h>

#include <vector>

#include "export/Assemble.h"
#include "kiln/Export.h"
#include "profile/Profile.h"

namespace kiln {

/// Makes the function of that name, or that an alias of that name stands for, the program's `main`. UnknownEntry,
/// BadMain.
Result<void> makeEntry(Assembled& program, const std::string& entry);

/// Makes local what needs no name. Stay do `main` of an executable; what `options` export, or all of an object or
/// shared library that is not hidden; what assembly names; what libraries may look for (`libraryNames`); what is in a
/// section of its own. The exported globals, in the module's order; UnknownEntry if one to be exported is not defined.
Result<std::vector<const llvm::GlobalValue*>> internalize(llvm::Module& module, const ExportOptions& options,
                                                          const llvm::StringSet<>& libraryNames);

/// Puts the profile on the bodies and counts what it knows.
void applyProfile(Assembled& program, const ProgramProfile& profile, ExportSummary& summary);

/// Marks or replaces what applyProfile() found to be cold.
Result<void> treatCold(Assembled& program, const ProgramProfile& profile, const ExportOptions& options,
                       const llvm::StringSet<>& libraryNames, ExportSummary& summary);

} // namespace kiln
