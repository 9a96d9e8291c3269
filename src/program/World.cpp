#include "program/World.h"

#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Object/ModuleSymbolTable.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/TargetParser/Triple.h>
#include <llvm/Support/raw_ostream.h>

#include "program/Prepare.h"
#include "support/LlvmBridge.h"

namespace kiln {
namespace {

/// What LLVM 19 lays data out like on x86-64 System V; Kiln writes globals and passes arguments by it.
constexpr const char* kDataLayout =
    "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128";

Result<void> checkTarget(llvm::Module& module, const std::string& name) {
  llvm::Triple triple(module.getTargetTriple());
  bool none = module.getTargetTriple().empty();
  if (!none && (triple.getArch() != llvm::Triple::x86_64 || !triple.isOSLinux() || triple.isX32()))
    return fail(ErrorCode::WrongTarget,
                name + ": the module is for '" + module.getTargetTriple() + "'; this Kiln runs x86_64 Linux modules");
  // Older producers leave i128 at 8 bytes or the layout out; LLVM's reader upgrades what it can.
  if (!module.getDataLayoutStr().empty() && module.getDataLayoutStr() != kDataLayout)
    return fail(ErrorCode::WrongTarget, name + ": the module's data layout is '" + module.getDataLayoutStr() +
                                            "', not that of x86_64 Linux ('" + kDataLayout + "')");
  module.setDataLayout(kDataLayout);
  if (none)
    module.setTargetTriple("x86_64-pc-linux-gnu");
  return {};
}

void gatherDiagnostic(const llvm::DiagnosticInfo* info, void* into) {
  if (info->getSeverity() != llvm::DS_Error)
    return;
  auto& text = *static_cast<std::string*>(into);
  llvm::raw_string_ostream out(text);
  llvm::DiagnosticPrinterRawOStream printer(out);
  info->print(printer);
  out << '\n';
}

} // namespace

Result<std::unique_ptr<World>> World::open(std::shared_ptr<const std::vector<Source>> sources, Reading reading) {
  installFatalHandler();
  std::unique_ptr<World> world(new World);
  world->sources_ = std::move(sources);
  world->context_ = std::make_unique<llvm::LLVMContext>();
  world->context_->setDiagnosticHandlerCallBack(gatherDiagnostic, &world->diagnostics_);
  try {
    for (const Source& source : *world->sources_) {
      std::span<const char> bytes = source.bitcode;
      if (reading == Reading::Lean)
        bytes = world->lean_.emplace_back(std::make_unique<LeanBitcode>(source))->bytes();
      llvm::MemoryBufferRef buffer(llvm::StringRef(bytes.data(), bytes.size()), source.name);
      auto module = llvm::getLazyBitcodeModule(buffer, *world->context_, /*ShouldLazyLoadMetadata=*/true);
      if (!module)
        return fail(ErrorCode::BadBitcode, source.name + ": damaged bitcode, or of a version that LLVM 19 cannot read: " +
                                               messageOf(module.takeError()));
      if (auto target = checkTarget(**module, source.name); !target)
        return std::unexpected(target.error());
      auto& functions = world->functions_.emplace_back();
      for (llvm::Function& function : **module) {
        if (reading == Reading::Lean)
          world->positions_[&function] = static_cast<std::uint32_t>(functions.size());
        functions.push_back(&function);
      }
      auto& variables = world->variables_.emplace_back();
      for (llvm::GlobalVariable& variable : (*module)->globals())
        variables.push_back(&variable);
      world->modules_.push_back(std::move(*module));
    }
  } catch (const LlvmFatal& fatal) {
    world->abandon();
    return fail(ErrorCode::BadBitcode, "damaged bitcode: " + fatal.message);
  }
  return world;
}

World::~World() = default;

std::size_t World::moduleIndexOf(const llvm::Module* module) const {
  std::size_t index = 0;
  while (modules_[index].get() != module)
    ++index;
  return index;
}

/// The error of a step, with the function it is about.
Error World::placed(const llvm::Function& function, const Error& error) const {
  return Error{error.code, source(moduleIndexOf(function.getParent())).name + ": function '" + function.getName().str() +
                               "'" + error.message};
}

Result<llvm::Function*> World::prepared(llvm::Function& function) {
  auto [at, fresh] = prepared_.try_emplace(&function, lean_.empty());
  if (!fresh)
    return &function;
  if (auto done = read(function); !done) {
    prepared_.erase(&function);
    return std::unexpected(placed(function, done.error()));
  }
  prepareFunction(function);
  return &function;
}

Result<llvm::Function*> World::verified(llvm::Function& function) {
  auto body = prepared(function);
  if (!body)
    return body;
  bool& done = prepared_[&function];
  if (!done)
    if (auto valid = verify(function); !valid)
      return std::unexpected(placed(function, valid.error()));
  done = true;
  return body;
}

Result<void> World::read(llvm::Function& function) {
  if (!lean_.empty()) {
    std::size_t module = moduleIndexOf(function.getParent());
    if (auto at = positions_.find(&function); at != positions_.end())
      lean_[module]->prune(at->second);
  }
  if (llvm::Error error = function.materialize())
    return fail(ErrorCode::BadBitcode, ": damaged bitcode: " + messageOf(std::move(error)));
  if (function.isDeclaration())
    return fail(ErrorCode::BadBitcode, " has no body");
  if (!lean_.empty() && check_.plainlyValid(function))
    return {};
  return verify(function);
}

Result<void> World::verify(const llvm::Function& function) {
  ++verifiedBodies_;
  std::string defect;
  llvm::raw_string_ostream out(defect);
  if (llvm::verifyFunction(function, &out))
    return fail(ErrorCode::VerifierFailed, ": LLVM's verifier rejects it: " + firstLines(defect));
  return {};
}

std::vector<std::string> World::lateNames() const {
  std::vector<std::string> names;
  for (const auto& module : modules_) {
    for (const llvm::GlobalVariable& variable : module->globals())
      if (variable.hasSection() && variable.hasInitializer())
        for (const char* bound : {"__start_", "__stop_"})
          names.push_back(bound + variable.getSection().str());
    if (module->getModuleInlineAsm().empty())
      continue;
    initializeLlvmTarget();
    llvm::ModuleSymbolTable::CollectAsmSymbols(*module, [&](llvm::StringRef name,
        llvm::object::BasicSymbolRef::Flags flags) {
        if (!(flags & llvm::object::BasicSymbolRef::SF_Undefined))
          names.push_back(name.str());
      });
  }
  return names;
}

std::string World::takeDiagnostics() { return std::exchange(diagnostics_, {}); }

void World::abandon() {
  for (auto& module : modules_)
    (void)module.release();
  (void)context_.release();
}

} // namespace kiln
