// A source's module with all bodies, for work on the whole of it.
#pragma once

#include <llvm/IR/Module.h>

#include <memory>
#include <vector>

#include "program/World.h"
#include "support/LlvmBridge.h"

namespace kiln {

/// What `use(module)`, a Result, makes of the source's module, read into a context of its own that goes afterwards. Fails with
/// BadBitcode if the source is damaged, and with `onFatal` where LLVM gives up in the middle of it all.
template <typename Use>
auto withWholeModule(const Source& source, ErrorCode onFatal, Use use) -> decltype(use(std::declval<llvm::Module&>())) {
  auto world = World::open(std::make_shared<std::vector<Source>>(1, source), Reading::Whole);
  if (!world)
    return std::unexpected(world.error());
  try {
    if (auto read = (*world)->readAll(0); !read)
      return std::unexpected(read.error());
    llvm::Module& module = (*world)->module(0);
    if (llvm::Error error = module.materializeAll())
      return fail(ErrorCode::BadBitcode, source.name + ": damaged bitcode: " + messageOf(std::move(error)));
    return use(module);
  } catch (const LlvmFatal& fatal) {
    (*world)->abandon();
    return fail(onFatal, source.name + (onFatal == ErrorCode::BadBitcode ? ": damaged bitcode: " : ": ") + fatal.message);
  }
}

} // namespace kiln
