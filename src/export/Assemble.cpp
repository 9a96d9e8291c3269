#include "export/Assemble.h"

#include <llvm/Linker/Linker.h>

#include "profile/ContentHash.h"
#include "program/DataLayout.h"
#include "support/LlvmBridge.h"

namespace kiln {
namespace {

constexpr const char* kNumberAttribute = "kiln-function";

/// Bodies that are copies of what another file or library defines are left as they are: the profile is of the original.
bool hasOwnBody(const llvm::Function& function) {
  return !function.isDeclaration() && !function.hasAvailableExternallyLinkage();
}

Result<void> prepareAll(World& world, std::size_t index, Assembled& into) {
  ContentHasher hasher;
  for (llvm::Function& function : world.module(index)) {
    if (function.isDeclaration())
      continue;
    auto body = world.verified(function);
    if (!body)
      return std::unexpected(body.error());
    if (!hasOwnBody(function))
      continue;
    into.origins.push_back({function.getName().str(), world.source(index).name, hasher.hash(function)});
    function.addFnAttr(kNumberAttribute, std::to_string(into.origins.size() - 1));
  }
  return {};
}

/// LLVM's linker says "Linking globals named 'f': symbol multiply defined!".
Error linkError(const std::string& file, const std::string& diagnostics) {
  const bool twice = diagnostics.find("symbol multiply defined") != std::string::npos;
  return {twice ? ErrorCode::DuplicateSymbol : ErrorCode::Unsupported,
          file + ": cannot be linked with the files before it: " + firstLines(diagnostics)};
}

/// Reads a file's module whole and brings it into the form that profiles are of.
Result<std::unique_ptr<llvm::Module>> ready(Assembled& program, std::size_t index, bool prototypes) {
  World& world = *program.world;
  // All metadata comes with the bodies; what it says of types goes when a body is prepared.
  if (auto read = world.readAll(index); !read)
    return std::unexpected(read.error());
  if (llvm::Error error = world.module(index).materializeAll())
    return fail(ErrorCode::BadBitcode, world.source(index).name + ": damaged bitcode: " + messageOf(std::move(error)));
  if (prototypes)
    program.prototypes.collect(world.module(index));
  if (auto prepared = prepareAll(world, index, program); !prepared)
    return std::unexpected(prepared.error());
  return world.release(index);
}

} // namespace

const Origin* Assembled::originOf(const llvm::Function& function) const {
  unsigned number = 0;
  const llvm::Attribute attribute = function.getFnAttribute(kNumberAttribute);
  if (!attribute.isStringAttribute() || attribute.getValueAsString().getAsInteger(10, number) ||
      number >= origins.size())
    return nullptr;
  return &origins[number];
}

void Assembled::abandon() {
  (void)module.release();
  if (world)
    world->abandon();
  (void)world.release();
}

Result<void> assemble(const std::vector<std::string>& files, bool prototypes, Assembled& into) {
  if (files.empty())
    return fail(ErrorCode::BadOption, "an export needs a file of bitcode (.bc) or IR text (.ll)");
  std::vector<Source> sources;
  for (const std::string& file : files) {
    auto source = readSource(file);
    if (!source)
      return std::unexpected(source.error());
    sources.push_back(std::move(*source));
  }
  auto world = World::open(std::make_shared<const std::vector<Source>>(std::move(sources)));
  if (!world)
    return std::unexpected(world.error());
  into.world = std::move(*world);
  into.module = std::make_unique<llvm::Module>("program", into.world->context());
  into.module->setDataLayout(kDataLayout);
  into.module->setTargetTriple(into.world->module(0).getTargetTriple());
  llvm::Linker linker(*into.module);
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto module = ready(into, i, prototypes);
    if (!module)
      return std::unexpected(module.error());
    if (linker.linkInModule(std::move(*module)))
      return std::unexpected(linkError(files[i], into.world->takeDiagnostics()));
  }
  return {};
}

} // namespace kiln
