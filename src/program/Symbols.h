// Names by which generated objects refer to things of the program, and what a name of the program stands for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kiln {

/// What a symbol of a module is in the linked program.
struct SymbolRef {
  enum class Kind : std::uint8_t {
    None,     ///< not a thing at run time (intrinsics, llvm.used, ...)
    Function, ///< id: the function's number
    Data,     ///< id: a variable of the program; offset into it
    Tls,      ///< id: a thread-local variable of the program; offset into it
    External, ///< id: an address from outside the program
    Null,     ///< an undefined weak symbol
  };
  Kind kind = Kind::None;
  std::uint32_t id = 0;
  std::int64_t offset = 0;
};

/// Kinds of names that Kiln's objects leave open for the linker: "kiln.slot.12.name". Only the number counts; the
/// rest is for people who read dumps.
enum class KilnSymbol : std::uint8_t { Function, Slot, Counters, Data };

std::string kilnSymbolName(KilnSymbol kind, std::uint32_t id, std::string_view readable);

struct ParsedKilnSymbol {
  KilnSymbol kind;
  std::uint32_t id;
};
std::optional<ParsedKilnSymbol> parseKilnSymbol(std::string_view name);

/// Runtime entries that compiled code may call.
inline constexpr std::string_view kBudgetSpentSymbol = "kiln.rt.budget_spent";
inline constexpr std::string_view kTlsBaseSymbol = "kiln.rt.tls_base";
inline constexpr std::string_view kTlsExternalSymbol = "kiln.rt.tls_external";
/// The program's own record for kTlsBaseSymbol's argument.
inline constexpr std::string_view kTlsProgramSymbol = "kiln.tls.program";

} // namespace kiln
