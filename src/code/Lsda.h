// The LSDA of a function: the table that tells a language's personality which calls have a landing pad, and which exceptions
// it is for.
//
//   call sites   stretches of code, by rising offset, each with a landing pad and an action, or neither
//   actions      chains of clauses
//   types        addresses of type descriptions (C++: std::type_info), by the numbers that clauses and selectors use
//   filters      lists of types that may pass
//
// Source: Itanium C++ ABI, Exception Handling; LSB 5.0 Core, `.gcc_except_table`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "code/DwarfBytes.h"

namespace kiln {

/// One clause. Types are indices into the function's list of types.
struct LandingClause {
  enum class Kind : std::uint8_t {
    Catch, ///< exactly one type
    Filter ///< the types that may pass; none: nothing may
  };
  Kind kind = Kind::Catch;
  std::vector<std::uint32_t> types;

  bool operator==(const LandingClause&) const = default;
};

/// The landingpad of one invoke: its clauses in order. Without clauses and cleanup, exceptions pass.
struct InvokeSite {
  std::vector<LandingClause> clauses;
  bool cleanup = false;

  bool operator==(const InvokeSite&) const = default;
  bool lands() const { return cleanup || !clauses.empty(); }
};

class LsdaBuilder {
public:
  /// The number of the chain of actions for the clauses, the same for equal ones; 0 if there is nothing to choose: a cleanup
  /// alone, or exceptions pass.
  std::uint64_t actionFor(const InvokeSite& site);

  /// Offsets count from the function's start and rise from call to call. `landing` 0: exceptions pass. C++ ends the program
  /// when an exception comes from where no site is.
  void addSite(std::uint64_t begin, std::uint64_t bytes, std::uint64_t landing, std::uint64_t action);

  /// `types` are the addresses of the type descriptions, 0 for `catch (...)`: the selector of a type is 1 + its index.
  std::vector<std::byte> finish(std::span<const std::uintptr_t> types);

private:
  void addChain(const InvokeSite& site);
  std::int64_t filter(const std::vector<std::uint32_t>& types);

  DwarfBytes sites_, actions_, filters_;
  std::unordered_map<std::string, std::uint64_t> chains_;
  std::unordered_map<std::string, std::size_t> lists_;
};

} // namespace kiln
