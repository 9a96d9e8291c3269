// The one hash of contents that are kept or compared between processes.
#pragma once

#include <cstdint>
#include <string_view>

namespace kiln {

/// XXH3, 64 bits: fast, well mixed, and the same on every machine. Not a defence against forgery.
std::uint64_t hashBytes(std::string_view bytes);

} // namespace kiln
