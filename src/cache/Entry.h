// One entry of a cache: what it is of, its bytes, and how both are checked.
//
// An entry is found by its *key* and holds it, so that what lies under a wrong name is a miss as any damage is. The key
// names the program (the contents of its files, the versions of Kiln and LLVM), the context that code was made for (CPU,
// what is found outside the program, options that change code), and within that the function and tier. Numbers of
// functions mean the same in every process that has the same program, because they follow from its files.
//
// Layout (all numbers little-endian):
//
//   magic 8, version 4, kind 4, program 16, context 16, function 4, loop 4, tier 4, flags 4, payload size 8, payload,
//   XXH3-128 of all that 16
//
// For a store that others can write, a tag follows: HMAC-SHA-256 over all of it (cache/Authenticator.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "compile/Compiler.h"
#include "support/Hash.h"

namespace kiln::cache {

/// Raised when the layout, or the meaning of anything stored, changes.
inline constexpr std::uint32_t kEntryVersion = 1;

/// What a program is to the cache.
struct ProgramKey {
  Digest program; ///< its files, Kiln, LLVM
  Digest context; ///< what else its code depends on
};

enum class EntryKind : std::uint32_t { Code = 1, Profile = 2, About = 3, Baseline = 4, Start = 5 };

/// Code of a function: what compilers are asked for, without what may differ between equal answers.
struct CodeKey {
  std::uint32_t function = 0;
  std::uint32_t loop = kNoLoop;
  Tier tier = Tier::O0;
  bool counts = false;   ///< counts its calls and loops
  bool profiled = false; ///< may be optimised by a profile
  bool operator==(const CodeKey&) const = default;

  static CodeKey of(const CompileRequest& request) {
    return {request.function, request.loop, request.tier, request.count, request.profile != nullptr};
  }
};

/// The entry's name within its program. Code of different contexts lies side by side; profiles serve them all.
std::string codeName(const Digest& context, const CodeKey& key);
/// Of a name that codeName() gave for this context.
std::optional<CodeKey> parseCodeName(const Digest& context, std::string_view name);
inline constexpr std::string_view kProfileName = "profile", kAboutName = "about";
/// Of all baseline code of a context of its own (KeptBaseline.h).
std::string baselineName(const Digest& context);
/// Of what linking the program gave (engine/KeptStart.cpp).
std::string startName(const Digest& context);
/// Whether a file of that name can be one of the cache's.
bool isEntryName(std::string_view name);

std::string sealCode(const ProgramKey& program, const CodeKey& key, std::string_view payload);
/// Of kind Profile or About.
std::string sealOther(const Digest& program, EntryKind kind, std::string_view payload);

/// Of kind Baseline or Start.
std::string sealWhole(const ProgramKey& program, EntryKind kind, std::string_view payload);

/// The payload; nothing if the entry is damaged or of another key.
std::optional<std::string_view> openCode(const ProgramKey& program, const CodeKey& key, std::string_view entry);
std::optional<std::string_view> openWhole(const ProgramKey& program, EntryKind kind, std::string_view entry);
std::optional<std::string_view> openOther(const Digest& program, EntryKind kind, std::string_view entry);

/// An artifact as bytes and back: the one place that knows its fields. What is only of this run (how its memory will be
/// used) is left out. Whether it may be kept at all: mayKeep().
std::string artifactToBytes(const CodeArtifact& artifact);
/// Nothing if the bytes are no artifact of this version. `key` says what they are of.
std::optional<CodeArtifact> artifactFromBytes(const CodeKey& key, std::string_view bytes);
bool mayKeep(const CodeArtifact& artifact);

} // namespace kiln::cache
