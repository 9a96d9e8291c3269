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

#include "program/DataLayout.h"
#include "program/Prepare.h"
#include "support/LlvmBridge.h"

namespace kiln {
namespace {

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
  if (module.getDataLayoutStr().empty())
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
  world->reading_ = reading;
  world->context_ = std::make_unique<llvm::LLVMContext>();
  world->context_->setDiagnosticHandlerCallBack(gatherDiagnostic, &world->diagnostics_);
  try {
    for (const Source& source : *world->sources_)
      if (auto added = world->add(source); !added)
        return std::unexpected(added.error());
  } catch (const LlvmFatal& fatal) {
    world->abandon();
    return fail(ErrorCode::BadBitcode, "damaged bitcode: " + fatal.message);
  }
  return world;
}

Result<void> World::add(const Source& source) {
  std::unique_ptr<llvm::Module> module;
  auto& reader = readers_.emplace_back();
  copies_.emplace_back();
  if (reading_ == Reading::Lean)
    reader = ModuleReader::open(source, *context_);
  if (reader) {
    module = reader->takeModule();
  } else {
    leftToLlvm_ += reading_ == Reading::Lean;
    auto read = readByLlvm(source);
    if (!read)
      return std::unexpected(read.error());
    module = std::move(*read);
  }
  if (auto target = checkTarget(*module, source.name); !target)
    return target;
  auto& functions = functions_.emplace_back();
  for (llvm::Function& function : *module) {
    if (reader)
      positions_[&function] = static_cast<std::uint32_t>(functions.size());
    functions.push_back(&function);
  }
  auto& variables = variables_.emplace_back();
  for (llvm::GlobalVariable& variable : module->globals())
    variables.push_back(&variable);
  modules_.push_back(std::move(module));
  return {};
}

Result<std::unique_ptr<llvm::Module>> World::readByLlvm(const Source& source) {
  llvm::MemoryBufferRef buffer(llvm::StringRef(source.bitcode.data(), source.bitcode.size()), source.name);
  auto module = llvm::getLazyBitcodeModule(buffer, *context_, /*ShouldLazyLoadMetadata=*/true);
  if (!module)
    return fail(ErrorCode::BadBitcode, source.name + ": damaged bitcode, or of a version that LLVM 19 cannot read: " +
                                           messageOf(module.takeError()));
  return std::move(*module);
}

World::~World() = default;

std::size_t World::moduleIndexOf(const llvm::Module* module) const {
  std::size_t index = 0;
  while (modules_[index].get() != module && copies_[index].get() != module)
    ++index;
  return index;
}

/// The error of a step, with the function it is about.
Error World::placed(const llvm::Function& function, const Error& error) const {
  return Error{error.code, source(moduleIndexOf(function.getParent())).name + ": function '" + function.getName().str() +
                               "'" + error.message};
}

Result<llvm::Function*> World::prepared(llvm::Function& function) {
  if (auto at = prepared_.find(&function); at != prepared_.end())
    return at->second.body;
  auto body = read(function);
  if (!body)
    return std::unexpected(placed(function, body.error()));
  bool plain = reading_ == Reading::Lean && check_.plainlyValid(**body);
  if (!plain)
    if (auto valid = verify(**body); !valid)
      return std::unexpected(placed(function, valid.error()));
  prepareFunction(**body, reading_ == Reading::Lines ? &lines_ : nullptr);
  prepared_[&function] = {*body, !plain};
  return *body;
}

Result<llvm::Function*> World::verified(llvm::Function& function) {
  auto body = prepared(function);
  if (!body)
    return body;
  bool& done = prepared_[&function].verified;
  if (!done)
    if (auto valid = verify(**body); !valid)
      return std::unexpected(placed(function, valid.error()));
  done = true;
  return body;
}

Result<llvm::Function*> World::read(llvm::Function& function) {
  std::size_t module = moduleIndexOf(function.getParent());
  llvm::Function* body = &function;
  auto position = positions_.find(&function);
  if (position != positions_.end() && function.isMaterializable() && !readers_[module]->readBody(position->second)) {
    ++leftToLlvm_;
    auto copied = inCopy(function, module);
    if (!copied)
      return copied;
    body = *copied;
  }
  if (llvm::Error error = body->materialize())
    return fail(ErrorCode::BadBitcode, ": damaged bitcode: " + messageOf(std::move(error)));
  if (body->isDeclaration())
    return fail(ErrorCode::BadBitcode, " has no body");
  return body;
}

/// The same function in the module's copy.
Result<llvm::Function*> World::inCopy(llvm::Function& function, std::size_t module) {
  if (!copies_[module])
    if (auto opened = openCopy(module); !opened)
      return std::unexpected(opened.error());
  return &*std::next(copies_[module]->begin(), positions_.lookup(&function));
}

void World::completeFunctions() {
  for (const auto& reader : readers_)
    if (reader)
      reader->completeFunctions();
}

Result<void> World::openCopy(std::size_t module) {
  auto read = readByLlvm(source(module));
  if (!read)
    return std::unexpected(read.error());
  copies_[module] = std::move(*read);
  llvm::Module &copy = *copies_[module], &own = *modules_[module];
  if (auto target = checkTarget(copy, source(module).name); !target)
    return target;
  if (copy.size() != own.size() || copy.global_size() != own.global_size() || copy.alias_size() != own.alias_size() ||
      copy.ifunc_size() != own.ifunc_size()) {
    copies_[module].reset();
    return fail(ErrorCode::BadBitcode, ": damaged bitcode");
  }
  auto relate = [&](auto&& copied, auto&& originals) {
    auto original = originals.begin();
    for (const llvm::GlobalValue& each : copied)
      originals_[&each] = &*original++;
  };
  relate(copy.functions(), own.functions());
  relate(copy.globals(), own.globals());
  relate(copy.aliases(), own.aliases());
  relate(copy.ifuncs(), own.ifuncs());
  readers_[module]->completeFunctions(); // whoever compiles the copy's bodies declares what they call like these
  return {};
}

const llvm::GlobalValue* World::copyOf(const llvm::GlobalValue* global) const {
  for (auto [copy, original] : originals_)
    if (original == global)
      return copy;
  return nullptr;
}

Result<void> World::readAll(std::size_t module) {
  for (llvm::Function* function : functions_[module])
    if (function->isMaterializable())
      if (auto body = read(*function); !body)
        return std::unexpected(placed(*function, body.error()));
  return {};
}

Result<std::unique_ptr<llvm::Module>> World::release(std::size_t module) {
  if (llvm::Error error = modules_[module]->materializeAll())
    return fail(ErrorCode::BadBitcode, source(module).name + ": damaged bitcode: " + messageOf(std::move(error)));
  return std::move(modules_[module]);
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
  for (auto* modules : {&modules_, &copies_})
    for (auto& module : *modules)
      (void)module.release();
  (void)context_.release();
}

bool isStraight(const llvm::Function& function, std::uint64_t least) {
  std::uint64_t instructions = 0;
  llvm::SmallPtrSet<const llvm::BasicBlock*, 32> before;
  for (const llvm::BasicBlock& block : function) {
    before.insert(&block);
    for (const llvm::BasicBlock* to : llvm::successors(&block))
      if (before.contains(to))
        return false;
    instructions += block.size();
  }
  return instructions >= least;
}

} // namespace kiln
