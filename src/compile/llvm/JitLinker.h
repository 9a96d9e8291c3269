// Links relocatable objects into the code space with LLVM's JITLink.
#pragma once

#include <functional>
#include <optional>

#include "code/CodeSpace.h"
#include "code/UnwindRegistry.h"
#include "compile/Compiler.h"

namespace kiln {

/// Memory comes from the code space's arenas (executable, constant and writable sections each in theirs) and is written
/// through the writable view; `.eh_frame` is registered. Thread-safe as far as `resolve` is.
class JitLinker final : public ObjectLinker {
public:
  using Resolve = std::function<std::optional<std::uintptr_t>(std::string_view symbol)>;

  JitLinker(CodeSpace& space, UnwindRegistry& unwind, Resolve resolve)
      : space_(space), unwind_(unwind), resolve_(std::move(resolve)) {}

  Result<Version> link(const CodeArtifact& artifact, SymbolTable* symbols = nullptr) override;

private:
  CodeSpace& space_;
  UnwindRegistry& unwind_;
  Resolve resolve_;
};

} // namespace kiln
