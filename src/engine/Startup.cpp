// Running a program from its beginning: constructors, main, destructors.
#include <unistd.h>

#include "engine/ProgramCore.h"
#include "program/EntryShape.h"

extern "C" int __cxa_atexit(void (*function)(void*), void* argument, void* dso);

namespace kiln {

Result<void> ProgramCore::runConstructors(int argc, char** argv, char** environment) {
  std::call_once(constructed_, [&] {
    // Registered before anything of the program registers more, so it runs last: where a native program has .fini_array.
    if (!map_.destructors.empty())
      __cxa_atexit(
          [](void* self) {
            auto& core = *static_cast<ProgramCore*>(self);
            for (std::uint32_t id : core.map_.destructors)
              reinterpret_cast<void (*)()>(core.table_->stub(id))();
          },
          this, dsoHandle());
    for (std::uint32_t id : map_.constructors)
      reinterpret_cast<void (*)(int, char**, char**)>(table_->stub(id))(argc, argv, environment);
  });
  return {};
}

Result<void> ProgramCore::findEntries(World& world) {
  for (std::size_t m = sources_->size(); m-- > 0;) {
    const Source& source = (*sources_)[m];
    if (source.entry.empty())
      continue;
    const llvm::Function* function = world.module(m).getFunction(source.entry);
    if (!function || function->isDeclaration())
      return fail(ErrorCode::UnknownEntry, source.name + ": the module defines no function '" + source.entry +
                                               "', which its container names as the entry");
    entry_ = source.entry;
  }
  return {};
}

Result<Program::MainCall> ProgramCore::prepareMain(std::span<const std::string> arguments, std::string_view entry) {
  if (entry.empty())
    entry = entry_;
  auto record = find(entry);
  if (!record)
    return fail(ErrorCode::UnknownEntry, name_ + ": there is no function '" + std::string(entry) +
                                             "' to start at" + (entry == "main" ? "; name one with --entry" : ""));
  const std::uint32_t id = (*record)->id;
  if (!main_ || main_->function != id) {
    auto shape = worlds_->guarded([&](World& world, const WorldSymbols&) { return entryShape(world, map_, id); });
    if (!shape)
      return std::unexpected(shape.error());
    main_ = Main{id, shape->returnsInt};
  }
  // The program may change its arguments, keep pointers into them, and expects a null pointer behind the last: they
  // stay for the life of the process.
  auto* words = new std::vector<std::string>(arguments.begin(), arguments.end());
  auto* argv = new std::vector<char*>;
  for (std::string& word : *words)
    argv->push_back(word.data());
  argv->push_back(nullptr);
  int argc = static_cast<int>(words->size());
  if (auto constructed = runConstructors(argc, argv->data(), environ); !constructed)
    return std::unexpected(constructed.error());
  Program::MainCall start;
  start.function = reinterpret_cast<int (*)(int, char**, char**)>(table_->stub(id));
  start.returnsInt = main_->returnsInt;
  start.argc = argc;
  start.argv = argv->data();
  return start;
}

} // namespace kiln
