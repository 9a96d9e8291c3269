// The words that options take, where the parser, the completions and the manual all look them up.
#pragma once

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kiln::cli {

inline constexpr std::string_view kWhen[] = {"auto", "on", "off"}; ///< in the order of Counting and Profiling
inline constexpr std::string_view kColdCode[] = {"keep", "size", "trap"}; ///< in the order of ColdCode
inline constexpr std::string_view kFormats[] = {"json", "binary"};        ///< in the order of ProfileFormat
inline constexpr std::string_view kDumps[] = {"ir", "asm", "ops"};        ///< in the order of Program::Dump
inline constexpr std::string_view kRecorders[] = {"branches", "switches", "targets", "sizes", "arguments"}; ///< bit by bit
inline constexpr std::string_view kLevels[] = {"0", "1", "2", "3"};
/// Of the names that LLVM knows, those that are families and not single CPUs.
inline constexpr std::string_view kCpus[] = {"native", "x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"};

/// Which of the words it is.
inline std::optional<std::size_t> indexIn(std::span<const std::string_view> words, std::string_view word) {
  auto found = std::find(words.begin(), words.end(), word);
  return found == words.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - words.begin()));
}

/// What can be said of a value before it is written.
struct ValueKind {
  enum class Form {
    Free,    ///< nothing
    Words,   ///< one of `words`
    List,    ///< several of `words`, with commas between
    Start,   ///< begins with one of `words`
    File,    ///< whose name ends as one of `words` says, or any if there are none
    Folder,  ///< or one of `words`
  } form = Form::Free;
  std::vector<std::string> words;
};

/// By the name that the table has for the value ("TIER"); operands stand in angle brackets ("<FILE>") and depend on the
/// command.
ValueKind valueKind(std::string_view command, std::string_view value);

} // namespace kiln::cli
