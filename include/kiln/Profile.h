// Profile files: what runs of a program taught, kept for later runs and for people. docs/profile.md has the formats.
//
// Thread-safety: all functions from any thread; of two that write one file the last wins. Idea: LLVM's own profiles
// (branch weights, value profiles), recorded by the interpreter as type feedback is in Self and its successors;
// docs/profile.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kiln/Error.h"

namespace kiln {

/// How a profile is written. What reads one knows both.
enum class ProfileFormat {
  Json,   ///< for people and other programs
  Binary, ///< compact
};

/// Parts of a profile that can be recorded or left out, each for what it costs where it stands.
enum class Recorder : std::uint32_t {
  Branches = 1,  ///< how often each way was taken, loops included
  Switches = 2,
  Targets = 4,   ///< of indirect calls
  Sizes = 8,     ///< of memory operations
  Arguments = 16,///< whether they always have one value
};
/// The set of all parts.
inline constexpr std::uint32_t kAllRecorders = 31;
/// Whether the part is in the set.
constexpr bool records(std::uint32_t set, Recorder part) { return (set & static_cast<std::uint32_t>(part)) != 0; }

/// Json for a name that ends in ".json", Binary for any other.
KILN_API ProfileFormat profileFormatFor(const std::string& path);

/// Adds the profiles of several runs up and writes the result, which may replace one of the inputs. Each input is in
/// either form. Fails with BadProfile when a file is damaged, foreign or of another version, or when two of them
/// contradict each other; then nothing is written.
KILN_API Result<void> mergeProfileFiles(const std::vector<std::string>& inputs, const std::string& output,
                                        ProfileFormat format);

/// A table of the `rows` most often entered functions of a profile. Fails with FileNotFound, EmptyInput or BadProfile.
KILN_API Result<std::string> describeProfileFile(const std::string& path, std::size_t rows = 20);

} // namespace kiln
