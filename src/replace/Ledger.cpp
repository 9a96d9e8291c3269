#include "replace/Ledger.h"

#include <llvm/ADT/SetVector.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <set>

#include "profile/ContentHash.h"
#include "support/Hash.h"
#include "support/LlvmBridge.h"

namespace kiln {
namespace {

/// As linkers see it: LLVM marks names that are not to be mangled with a leading \01.
std::string linkName(const llvm::GlobalValue& global) {
  llvm::StringRef name = global.getName();
  name.consume_front("\01");
  return name.str();
}

bool isReserved(const llvm::GlobalValue& global) {
  return global.getName().starts_with("llvm.");
}

/// Defined for other modules to see.
bool isShared(const llvm::GlobalValue& global) {
  return !global.isDeclaration() && !global.hasAvailableExternallyLinkage() && !global.hasLocalLinkage() &&
         !isReserved(global) && global.hasName();
}

std::uint64_t hashText(llvm::StringRef text) {
  return hashBytes({text.data(), text.size()});
}

std::string textOf(const llvm::Constant& constant) {
  std::string text;
  llvm::raw_string_ostream out(text);
  constant.print(out);
  return text;
}

/// Texts and tables that only their module has, and whose addresses mean nothing, are called by their content:
/// compilers number them, and one more in front would make all functions behind it look changed.
void nameByContent(llvm::Module& module) {
  for (llvm::GlobalVariable& variable : module.globals())
    if (variable.hasLocalLinkage() && variable.isConstant() && variable.hasGlobalUnnamedAddr() &&
        variable.hasInitializer() && llvm::isa<llvm::ConstantData>(variable.getInitializer()) && !isReserved(variable))
      variable.setName("kiln.text." + std::to_string(hashText(textOf(*variable.getInitializer()))));
}

/// What a definition uses that only its module knows, in the order of being found, and the names of the rest.
struct Reach {
  llvm::SetVector<const llvm::GlobalObject*> locals;
  std::set<std::string> outside;
};

class Reaching {
public:
  Reach from(const llvm::GlobalObject& start) {
    start_ = &start;
    visit(start);
    for (std::size_t i = 0; i < reach_.locals.size(); ++i)
      visit(*reach_.locals[i]);
    return std::move(reach_);
  }

private:
  void visit(const llvm::GlobalObject& object) {
    for (const llvm::Use& use : object.operands())
      add(use.get());
    if (const auto* function = llvm::dyn_cast<llvm::Function>(&object))
      for (const llvm::Instruction& instruction : llvm::instructions(function))
        for (const llvm::Use& use : instruction.operands())
          add(use.get());
  }
  void add(const llvm::Value* value) {
    llvm::SmallVector<const llvm::Value*, 8> work{value};
    while (!work.empty()) {
      const auto* constant = llvm::dyn_cast_or_null<llvm::Constant>(work.pop_back_val());
      if (!constant || !seen_.insert(constant).second)
        continue;
      const auto* global = llvm::dyn_cast<llvm::GlobalValue>(constant);
      const auto* object = llvm::dyn_cast<llvm::GlobalObject>(constant);
      if (object && object->hasLocalLinkage()) {
        if (object != start_)
          reach_.locals.insert(object);
      } else if (object) {
        reach_.outside.insert(linkName(*object));
      } else {
        if (global && !global->hasLocalLinkage())
          reach_.outside.insert(linkName(*global));
        for (const llvm::Use& use : constant->operands())
          work.push_back(use.get());
      }
    }
  }

  const llvm::GlobalObject* start_ = nullptr;
  Reach reach_;
  llvm::SmallPtrSet<const llvm::Constant*, 32> seen_;
};

bool isMutable(const llvm::GlobalObject* object) {
  const auto* variable = llvm::dyn_cast<llvm::GlobalVariable>(object);
  return variable && !variable->isConstant();
}

std::uint64_t hashOne(ContentHasher& hasher, const llvm::GlobalObject& object) {
  if (const auto* function = llvm::dyn_cast<llvm::Function>(&object))
    return hasher.hash(*function);
  const auto* variable = llvm::dyn_cast<llvm::GlobalVariable>(&object);
  if (!variable)
    return hashText(object.getName());
  std::string text;
  llvm::raw_string_ostream out(text);
  out << *variable->getValueType() << ' ' << variable->isConstant() << variable->isThreadLocal() << ' ';
  if (variable->hasInitializer())
    variable->getInitializer()->print(out);
  return hashText(text);
}

std::uint64_t hashWith(ContentHasher& hasher, const llvm::GlobalObject& object, const Reach& reach) {
  std::vector<std::uint64_t> words{hashOne(hasher, object)};
  for (const llvm::GlobalObject* local : reach.locals)
    words.push_back(hashOne(hasher, *local));
  return hashBytes({reinterpret_cast<const char*>(words.data()), words.size() * sizeof(std::uint64_t)});
}

Result<Ledger::Kept> parse(const Source& source, bool verify) {
  Ledger::Kept kept;
  kept.context = std::make_unique<llvm::LLVMContext>();
  auto module = llvm::parseBitcodeFile(
      llvm::MemoryBufferRef({source.bitcode.data(), source.bitcode.size()}, source.name), *kept.context);
  if (!module)
    return fail(ErrorCode::BadBitcode, source.name + ": " + llvm::toString(module.takeError()));
  kept.module = std::move(*module);
  std::string text;
  llvm::raw_string_ostream out(text);
  if (verify && llvm::verifyModule(*kept.module, &out))
    return fail(ErrorCode::VerifierFailed, source.name + ": LLVM's verifier rejects the module: " + firstLines(text));
  nameByContent(*kept.module);
  return kept;
}

/// Types and attributes are all that is looked at again.
void dropBodies(llvm::Module& module) {
  for (llvm::Function& function : module)
    if (!function.isDeclaration())
      function.deleteBody();
}

std::string aliaseeOf(const llvm::GlobalAlias& alias) {
  const llvm::GlobalObject* object = alias.getAliaseeObject();
  return object ? linkName(*object) : std::string();
}

/// LLVM's fatal errors leave a context that nobody may touch again.
template <typename Work> auto withModules(std::vector<Ledger::Kept>& held, Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const LlvmFatal& fatal) {
    for (Ledger::Kept& each : held) {
      (void)each.module.release();
      (void)each.context.release();
    }
    return kiln::fail(ErrorCode::CompileFailed, "LLVM cannot read this: " + fatal.message);
  }
}

/// One plan at work.
class Planner {
public:
  Planner(const std::map<std::string, Ledger::Known, std::less<>>& known, std::optional<std::string_view> only,
          unsigned number)
      : known_(known), only_(only), suffix_(".kiln." + std::to_string(number)) {}

  Result<void> add(const Source& source, llvm::Module& module);
  Result<void> finish(std::vector<Ledger::Kept>& modules, std::span<const Source> input, Ledger::Plan& plan);

private:
  struct Defined {
    llvm::Function* function = nullptr;
    Reach reach;
    std::uint64_t hash = 0;
    bool changed = false, isNew = false;
  };
  Result<void> addVariable(const std::string& file, llvm::GlobalVariable& variable);
  Result<void> addAlias(const std::string& file, llvm::GlobalAlias& alias);
  Result<void> addFunction(const std::string& file, llvm::Function& function);
  Result<void> checkStartup(const std::string& file, llvm::Module& module);
  void spread();
  void transform(llvm::Module& module);
  void redirect(llvm::Function& function);
  const Ledger::Known* find(const std::string& name) const {
    auto at = known_.find(name);
    return at == known_.end() ? nullptr : &at->second;
  }

  const std::map<std::string, Ledger::Known, std::less<>>& known_;
  const std::optional<std::string_view> only_;
  const std::string suffix_;
  ContentHasher* hasher_ = nullptr; ///< of the module being added
  std::vector<Defined> defined_;
  std::vector<llvm::GlobalVariable*> oldVariables_;
  std::vector<llvm::GlobalAlias*> oldAliases_;
  std::map<std::string, Ledger::Known, std::less<>> fresh_; ///< variables and aliases that are new
};

Result<void> Planner::addVariable(const std::string& file, llvm::GlobalVariable& variable) {
  const std::string name = linkName(variable);
  const Ledger::Known* old = find(name);
  const std::uint64_t hash = hashWith(*hasher_, variable, Reaching().from(variable));
  if (!old) {
    fresh_[name] = {&variable, hash, {}};
    return {};
  }
  const auto* before = llvm::dyn_cast<llvm::GlobalVariable>(old->value);
  if (!before)
    return fail(ErrorCode::BadReplacement, file + ": '" + name + "' is a function, and would be a variable");
  if (before->isThreadLocal() || variable.isThreadLocal())
    return fail(ErrorCode::Unsupported,
                file + ": '" + name + "' is thread-local: a redefinition cannot use those of the program");
  const llvm::DataLayout& layout = variable.getParent()->getDataLayout();
  std::string was, is;
  llvm::raw_string_ostream(was) << *before->getValueType();
  llvm::raw_string_ostream(is) << *variable.getValueType();
  if (layout.getTypeAllocSize(variable.getValueType()) != layout.getTypeAllocSize(before->getValueType()) ||
      before->isConstant() != variable.isConstant())
    return fail(ErrorCode::BadReplacement,
                file + ": variable '" + name + "' has another type: " + is + " instead of " + was);
  if (variable.isConstant() && hash != old->hash)
    return fail(ErrorCode::BadReplacement,
                file + ": constant '" + name +
                    "' has another value, which is in code already; only what is static may change");
  oldVariables_.push_back(&variable);
  return {};
}

Result<void> Planner::addAlias(const std::string& file, llvm::GlobalAlias& alias) {
  const std::string name = linkName(alias), aliasee = aliaseeOf(alias);
  if (const Ledger::Known* old = find(name)) {
    if (old->aliasee.empty() || old->aliasee != aliasee)
      return fail(ErrorCode::BadReplacement, file + ": '" + name + "' is an alias now, or of something else");
    oldAliases_.push_back(&alias);
    return {};
  }
  if (find(aliasee))
    return fail(ErrorCode::Unsupported,
                file + ": '" + name + "' is a new alias of '" + aliasee + "', which the program has");
  fresh_[name] = {&alias, 0, aliasee};
  return {};
}

Result<void> Planner::addFunction(const std::string& file, llvm::Function& function) {
  const std::string name = linkName(function);
  Defined defined;
  defined.function = &function;
  defined.reach = Reaching().from(function);
  defined.hash = hashWith(*hasher_, function, defined.reach);
  const Ledger::Known* old = find(name);
  defined.isNew = !old;
  if (old && (!llvm::isa<llvm::Function>(old->value) || !old->aliasee.empty()))
    return fail(ErrorCode::BadReplacement, file + ": '" + name + "' is no function of the program, or an alias of one");
  defined.changed = old && old->hash != defined.hash && (!only_ || *only_ == name);
  defined_.push_back(std::move(defined));
  return {};
}

/// Start-up functions run once more, for what is new. They may not touch what the program keeps.
Result<void> Planner::checkStartup(const std::string& file, llvm::Module& module) {
  for (const char* list : {"llvm.global_ctors", "llvm.global_dtors"}) {
    const llvm::GlobalVariable* variable = module.getGlobalVariable(list);
    if (!variable || !variable->hasInitializer())
      continue;
    for (const std::string& name : Reaching().from(*variable).outside) {
      const Ledger::Known* old = find(name);
      const auto* kept = old ? llvm::dyn_cast<llvm::GlobalVariable>(old->value) : nullptr;
      if (kept && !kept->isConstant())
        return fail(ErrorCode::Unsupported, file + ": a static constructor or destructor uses '" + name +
                                                "', which keeps its value: it would be initialised a second time");
    }
  }
  return {};
}

Result<void> Planner::add(const Source& source, llvm::Module& module) {
  const std::string& file = source.name;
  if (!module.getModuleInlineAsm().empty())
    return fail(ErrorCode::Unsupported, file + ": a redefinition with file-level assembly");
  ContentHasher hasher;
  hasher_ = &hasher;
  for (llvm::GlobalIFunc& ifunc : module.ifuncs())
    if (find(linkName(ifunc)))
      return fail(ErrorCode::Unsupported,
                  file + ": '" + linkName(ifunc) + "' is an ifunc, and the program has it already");
  for (llvm::GlobalVariable& variable : module.globals()) {
    const Ledger::Known* old = variable.isThreadLocal() && !isShared(variable) && !variable.hasLocalLinkage()
                                   ? find(linkName(variable))
                                   : nullptr;
    if (old)
      return fail(ErrorCode::Unsupported, file + ": '" + linkName(variable) +
                                              "' is thread-local: a redefinition cannot use those of the program");
    if (isShared(variable))
      if (auto added = addVariable(file, variable); !added)
        return added;
  }
  for (llvm::GlobalAlias& alias : module.aliases())
    if (isShared(alias))
      if (auto added = addAlias(file, alias); !added)
        return added;
  for (llvm::Function& function : module)
    if (isShared(function))
      if (auto added = addFunction(file, function); !added)
        return added;
  return checkStartup(file, module);
}

/// Who shares a variable of the module with what is replaced is replaced too.
void Planner::spread() {
  std::set<const llvm::GlobalObject*> moved;
  for (bool again = !only_; again;) {
    again = false;
    for (Defined& each : defined_) {
      bool shares = each.changed || each.isNew;
      for (const llvm::GlobalObject* local : each.reach.locals)
        shares |= isMutable(local) && moved.contains(local);
      if (!shares)
        continue;
      each.changed |= !each.isNew;
      for (const llvm::GlobalObject* local : each.reach.locals)
        if (isMutable(local))
          again |= moved.insert(local).second;
    }
  }
}

/// The body under its new name; all that named the function names the program's.
void Planner::redirect(llvm::Function& function) {
  const std::string name = function.getName().str();
  auto* declared = llvm::Function::Create(function.getFunctionType(), llvm::GlobalValue::ExternalLinkage,
                                          function.getAddressSpace(), "", function.getParent());
  declared->setCallingConv(function.getCallingConv());
  declared->setAttributes(function.getAttributes());
  function.replaceUsesWithIf(declared, [](llvm::Use& use) { return !llvm::isa<llvm::BlockAddress>(use.getUser()); });
  const bool weak = function.isWeakForLinker() || function.hasComdat();
  function.setComdat(nullptr);
  function.setLinkage(weak ? llvm::GlobalValue::WeakAnyLinkage : llvm::GlobalValue::ExternalLinkage);
  function.setVisibility(llvm::GlobalValue::DefaultVisibility);
  function.setName(linkName(function) + suffix_);
  declared->setName(name);
}

void Planner::transform(llvm::Module& module) {
  for (Defined& each : defined_) {
    if (each.function->getParent() != &module || each.isNew)
      continue;
    if (each.changed) {
      redirect(*each.function);
    } else {
      each.function->deleteBody();
      each.function->setComdat(nullptr);
      each.function->setLinkage(llvm::GlobalValue::ExternalLinkage);
    }
  }
  for (llvm::GlobalVariable* variable : oldVariables_)
    if (variable->getParent() == &module) {
      variable->setInitializer(nullptr);
      variable->setComdat(nullptr);
      variable->setLinkage(llvm::GlobalValue::ExternalLinkage);
    }
  for (llvm::GlobalAlias* alias : oldAliases_) {
    if (alias->getParent() != &module)
      continue;
    llvm::GlobalValue* declared = nullptr;
    if (auto* type = llvm::dyn_cast<llvm::FunctionType>(alias->getValueType())) {
      auto* function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, "", &module);
      if (const auto* like = llvm::dyn_cast<llvm::Function>(alias->getAliaseeObject())) {
        function->setCallingConv(like->getCallingConv());
        function->setAttributes(like->getAttributes());
      }
      declared = function;
    } else {
      declared =
          new llvm::GlobalVariable(module, alias->getValueType(), false, llvm::GlobalValue::ExternalLinkage, nullptr);
    }
    alias->replaceAllUsesWith(declared);
    declared->takeName(alias);
    alias->eraseFromParent();
  }
}

Source written(const Source& from, const llvm::Module& module) {
  llvm::SmallVector<char, 0> bitcode;
  llvm::BitcodeWriter writer(bitcode);
  writer.writeModule(module);
  writer.writeSymtab();
  writer.writeStrtab();
  auto bytes = std::make_shared<const std::vector<char>>(bitcode.begin(), bitcode.end());
  return Source{from.name, *bytes, bytes};
}

Result<void> Planner::finish(std::vector<Ledger::Kept>& modules, std::span<const Source> input, Ledger::Plan& plan) {
  if (only_) {
    const auto named = [&](const Defined& each) { return linkName(*each.function) == *only_; };
    if (std::none_of(defined_.begin(), defined_.end(), named))
      return fail(ErrorCode::UnknownEntry,
                  "the redefinition does not define the function '" + std::string(*only_) + "'");
    if (!find(std::string(*only_)))
      return fail(ErrorCode::UnknownEntry,
                  "the program has no function '" + std::string(*only_) + "' that could be replaced");
  }
  spread();
  for (Defined& each : defined_) {
    const std::string name = linkName(*each.function);
    if (each.isNew) {
      plan.added.push_back(name);
    } else if (!each.changed) {
      plan.unchanged.push_back(name);
      continue;
    } else {
      if (auto bad = misfit(*llvm::cast<llvm::Function>(find(name)->value), *each.function))
        return fail(ErrorCode::BadReplacement, "function '" + name + "' cannot be replaced: " + *bad);
      plan.replaced.push_back({name, name + suffix_});
    }
    plan.definitions[name] = {each.function, each.hash, {}};
  }
  for (auto& [name, known] : fresh_) {
    if (llvm::isa<llvm::GlobalVariable>(known.value))
      plan.added.push_back(name);
    plan.definitions[name] = known;
  }
  std::set<std::string> open;
  for (std::size_t m = 0; m < modules.size(); ++m) {
    llvm::Module& module = *modules[m].module;
    transform(module);
    std::string text;
    llvm::raw_string_ostream out(text);
    if (llvm::verifyModule(module, &out))
      return fail(ErrorCode::Unsupported, input[m].name + ": cannot be made a redefinition: " + firstLines(text));
    for (const llvm::GlobalValue& global : module.global_values())
      if (global.isDeclaration() && global.hasName() && !isReserved(global))
        open.insert(linkName(global));
    plan.sources.push_back(written(input[m], module));
  }
  plan.open.assign(open.begin(), open.end());
  return {};
}

} // namespace

Result<std::unique_ptr<Ledger>> Ledger::read(std::span<const Source> sources) {
  auto ledger = std::make_unique<Ledger>();
  return withModules(ledger->kept_, [&]() -> Result<std::unique_ptr<Ledger>> {
    for (const Source& source : sources) {
      auto kept = parse(source, false);
      if (!kept)
        return std::unexpected(kept.error());
      ledger->kept_.push_back(std::move(*kept));
      llvm::Module& module = *ledger->kept_.back().module;
      ContentHasher hasher;
      for (llvm::GlobalValue& global : module.global_values()) {
        if (!isShared(global))
          continue;
        auto [at, fresh] = ledger->known_.try_emplace(linkName(global));
        // A strong definition wins, or the first of several weak ones, as in the program's linking.
        if (!fresh && (global.isWeakForLinker() || global.hasComdat()))
          continue;
        at->second = {&global, 0, {}};
        if (const auto* object = llvm::dyn_cast<llvm::GlobalObject>(&global);
            object && !llvm::isa<llvm::GlobalIFunc>(global))
          at->second.hash = hashWith(hasher, *object, Reaching().from(*object));
        if (const auto* alias = llvm::dyn_cast<llvm::GlobalAlias>(&global))
          at->second.aliasee = aliaseeOf(*alias);
      }
      dropBodies(module);
    }
    return std::move(ledger);
  });
}

Result<Ledger::Plan> Ledger::plan(std::span<const Source> input, std::optional<std::string_view> only,
                                  unsigned number) const {
  Plan plan;
  return withModules(plan.kept, [&]() -> Result<Plan> {
    Planner planner(known_, only, number);
    for (const Source& source : input) {
      auto kept = parse(source, true);
      if (!kept)
        return std::unexpected(kept.error());
      plan.kept.push_back(std::move(*kept));
      if (auto added = planner.add(source, *plan.kept.back().module); !added)
        return std::unexpected(added.error());
    }
    if (auto finished = planner.finish(plan.kept, input, plan); !finished)
      return std::unexpected(finished.error());
    return std::move(plan);
  });
}

void Ledger::commit(Plan&& plan) {
  for (auto& [name, known] : plan.definitions)
    known_[name] = std::move(known);
  for (Kept& each : plan.kept) {
    dropBodies(*each.module);
    kept_.push_back(std::move(each));
  }
}

} // namespace kiln
