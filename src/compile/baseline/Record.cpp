#include "compile/baseline/Record.h"

#include "profile/ValueCounts.h"

extern "C" {
void kiln_record_entry();
[[gnu::visibility("hidden")]] void kiln_record_value(kiln::ValueCounts* counts, std::uint64_t value) {
  counts->record(value);
}
}

namespace kiln::baseline {

std::uintptr_t recordEntry() {
  return reinterpret_cast<std::uintptr_t>(&kiln_record_entry);
}

} // namespace kiln::baseline
