#include "Generator.h"

#include "Body.h"

using namespace llvm;

namespace kiln::fuzz {

std::unique_ptr<Module> generate(LLVMContext& context, std::span<const std::uint8_t> bytes) {
  Choices choices(bytes);
  Plan plan(context, choices);
  Callable entry;
  entry.function = plan.entry;
  entry.parameters = {{Parameter::Kind::Value, plan.integer(64)}, {Parameter::Kind::Value, plan.integer(64)}};
  // The entry first, so that it has something when the bytes are few.
  std::size_t parts = plan.callables.size() + 1;
  choices.grant(parts--);
  Body(plan, entry).generate();
  for (const Callable& callable : plan.callables) {
    choices.grant(parts--);
    Body(plan, callable).generate();
  }
  return std::move(plan.module);
}

} // namespace kiln::fuzz
