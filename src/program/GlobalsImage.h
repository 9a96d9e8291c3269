// The program's variables in memory: addresses first, then the initial values.
//
// Kiln lays variables out itself instead of compiling them: every tier and every version of a function shares one copy,
// and starting a program reads no code. Constants lie in pages that are read-only once written, so that a program that
// writes them dies as a native one does. Thread-local variables form a block that each thread copies.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "code/AddressRange.h"
#include "kiln/Error.h"
#include "program/ProgramMap.h"
#include "program/World.h"

namespace kiln {

/// The initial image of a thread's variables.
struct TlsTemplate {
  std::vector<std::byte> bytes;
  std::uint64_t alignment = 16;
};

/// Where the variables of a named section lie; what __start_NAME and __stop_NAME mean.
struct SectionBounds {
  std::string name;
  std::uintptr_t start = 0, stop = 0;
};

class GlobalsImage {
public:
  using FunctionAddress = std::function<std::uintptr_t(std::uint32_t)>;

  /// Gives every variable of the map its address in `range` (for thread-local ones: its offset in the block).
  /// Variables of one named section lie side by side.
  /// `name` of the program, for messages.
  Result<void> layOut(AddressRange& range, const std::string& name, ProgramMap& map);
  /// Writes the initial values; function addresses come from `functions`. Then protects the constants.
  Result<void> write(World& world, const ProgramMap& map, const WorldSymbols& symbols, const FunctionAddress& functions);

  /// What write() writes, as bytes that fill() takes. Nothing if there are addresses in it that would be wrong elsewhere.
  static std::optional<std::string> contents(World& world, const ProgramMap& map, const WorldSymbols& symbols);
  /// In place of write(), from contents() of the same map. False if the bytes are none; then nothing is protected.
  bool fill(ByteReader& in, const ProgramMap& map, const FunctionAddress& functions);

  const TlsTemplate& tls() const { return tls_; }
  const std::vector<SectionBounds>& sections() const { return sections_; }

private:
  bool fillAll(ByteReader& in, const ProgramMap& map, const FunctionAddress& functions);
  Result<void> protect();
  std::byte* placeOf(const DataInfo& info);
  std::span<std::byte> constants_, variables_;
  TlsTemplate tls_;
  std::vector<SectionBounds> sections_;
};

} // namespace kiln
