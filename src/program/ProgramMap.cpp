#include "program/ProgramMap.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/GlobalAlias.h>
#include <llvm/IR/GlobalIFunc.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "support/LlvmBridge.h"

namespace kiln {
namespace {

/// The name that the linker sees: LLVM marks names that are not to be mangled with a leading \01.
llvm::StringRef linkName(const llvm::GlobalValue& global) {
  llvm::StringRef name = global.getName();
  name.consume_front("\01");
  return name;
}

bool isReserved(const llvm::GlobalValue& global) { return global.getName().starts_with("llvm."); }

bool isDefinition(const llvm::GlobalValue& global) {
  return !global.isDeclaration() && !global.hasAvailableExternallyLinkage();
}

/// How strongly a definition claims its name, in the order in which they win.
enum class Claim : int { None, Weak, Common, Strong };

Claim claimOf(const llvm::GlobalValue& global) {
  if (global.hasCommonLinkage())
    return Claim::Common;
  if (global.isWeakForLinker() || global.hasComdat())
    return Claim::Weak;
  return Claim::Strong;
}

struct Definition {
  llvm::GlobalValue* global = nullptr;
  std::uint32_t module = 0;
  Claim claim = Claim::None;
};

} // namespace

/// One build of a map; holds what is only needed while linking.
class MapBuilder {
public:
  MapBuilder(World& world, HostSymbols& host) : world_(world), host_(host) {}

  Result<ProgramMap> build();

private:
  Result<void> chooseDefinitions();
  void numberModule(std::uint32_t module);
  SymbolRef numberFunction(const llvm::Function& function, std::uint32_t module, std::uint32_t index);
  SymbolRef numberVariable(const llvm::GlobalVariable& variable, std::uint32_t module, std::uint32_t index);
  void numberAliases();
  std::vector<std::uint32_t> startupFunctions(const char* list);
  void referTo(const llvm::GlobalValue& global, SymbolRef& ref);
  SymbolRef external(const llvm::GlobalValue& global);
  Result<void> reportUnresolved();
  bool wins(const llvm::GlobalValue& global) const;
  llvm::DenseMap<const llvm::GlobalValue*, SymbolRef>& own();

  World& world_;
  HostSymbols& host_;
  ProgramMap map_;
  llvm::StringMap<Definition> chosen_;
  /// See own(). Made when it is first asked for: many programs have neither aliases nor start-up lists.
  std::optional<llvm::DenseMap<const llvm::GlobalValue*, SymbolRef>> own_;
  llvm::StringMap<SymbolRef> externals_;
  std::map<std::string, std::vector<const llvm::GlobalValue*>> unresolved_;
};

Result<ProgramMap> ProgramMap::build(World& world, HostSymbols& host) { return MapBuilder(world, host).build(); }

bool ProgramMap::fits(World& world) const {
  for (std::size_t m = 0; m < modules_.size(); ++m) {
    const llvm::Module& module = world.module(m);
    const ModuleRefs& refs = modules_[m];
    if (module.size() != refs.functions.size() || module.global_size() != refs.variables.size() ||
        module.alias_size() != refs.aliases.size() || module.ifunc_size() != refs.ifuncs.size())
      return false;
  }
  return true;
}

SymbolRef ProgramMap::find(std::string_view name) const {
  return byName_.lookup(llvm::StringRef(name.data(), name.size()));
}

SymbolRef ProgramMap::findLocal(std::string_view name) const {
  if (SymbolRef ref = find(name); ref.kind != SymbolRef::Kind::None)
    return ref;
  for (std::uint32_t id = 0; id < functions.size(); ++id)
    if (functions[id].name == name)
      return {SymbolRef::Kind::Function, id, 0};
  for (std::uint32_t id = 0; id < data.size(); ++id)
    if (data[id].name == name && !data[id].isTls)
      return {SymbolRef::Kind::Data, id, 0};
  return {};
}

void ProgramMap::setExternal(std::string_view name, std::uintptr_t address) {
  for (ExternalInfo& each : externals)
    if (each.name == name)
      each.address = address;
}

std::uint32_t ProgramMap::constantAt(std::uintptr_t address) const {
  std::uint32_t found = ~std::uint32_t{0};
  for (const DataInfo& info : data) {
    if (info.isTls)
      continue;
    if (address - info.address < info.size && info.constant)
      found = static_cast<std::uint32_t>(&info - data.data());
    if (address == info.address + info.size)
      return ~std::uint32_t{0}; // a pointer behind that variable looks the same
  }
  return found;
}

bool ProgramMap::usesExternal(std::string_view name) const {
  return std::any_of(externals.begin(), externals.end(), [&](const ExternalInfo& each) { return each.name == name; });
}

Result<ProgramMap> MapBuilder::build() {
  if (auto chosen = chooseDefinitions(); !chosen)
    return std::unexpected(chosen.error());
  std::size_t functions = 0, variables = 0;
  for (std::uint32_t m = 0; m < world_.moduleCount(); ++m) {
    functions += world_.module(m).size();
    variables += world_.module(m).global_size();
  }
  map_.functions.reserve(functions);
  map_.data.reserve(variables);
  for (std::uint32_t m = 0; m < world_.moduleCount(); ++m)
    numberModule(m);
  numberAliases();
  for (std::uint32_t m = 0; m < world_.moduleCount(); ++m) {
    llvm::Module& module = world_.module(m);
    auto& refs = map_.modules_[m];
    std::size_t i = 0;
    for (llvm::Function& function : module)
      referTo(function, refs.functions[i++]);
    i = 0;
    for (llvm::GlobalVariable& variable : module.globals())
      referTo(variable, refs.variables[i++]);
  }
  map_.constructors = startupFunctions("llvm.global_ctors");
  map_.destructors = startupFunctions("llvm.global_dtors");
  std::reverse(map_.destructors.begin(), map_.destructors.end()); // as .fini_array runs: last first
  if (!unresolved_.empty())
    if (auto report = reportUnresolved(); !report)
      return std::unexpected(report.error());
  for (const auto& [name, users] : unresolved_)
    map_.absent_.push_back(name);
  return std::move(map_);
}

Result<void> MapBuilder::chooseDefinitions() {
  std::string duplicates;
  for (std::uint32_t m = 0; m < world_.moduleCount(); ++m) {
    for (llvm::GlobalValue& global : world_.module(m).global_values()) {
      if (!isDefinition(global) || global.hasLocalLinkage() || isReserved(global) || !global.hasName())
        continue;
      Claim claim = claimOf(global);
      llvm::StringRef name = linkName(global);
      auto [at, fresh] = chosen_.try_emplace(name, Definition{&global, m, claim});
      Definition& held = at->second;
      if (fresh)
        continue;
      if (claim == Claim::Strong && held.claim == Claim::Strong) {
        duplicates += (duplicates.empty() ? "" : "; ") + ("'" + name.str() + "' is defined in " +
                      world_.source(held.module).name + " and again in " + world_.source(m).name);
        continue;
      }
      bool larger = false;
      if (claim == Claim::Common && held.claim == Claim::Common) {
        const llvm::DataLayout& layout = world_.module(m).getDataLayout();
        larger = layout.getTypeAllocSize(global.getValueType()) > layout.getTypeAllocSize(held.global->getValueType());
      }
      if (claim > held.claim || larger)
        held = Definition{&global, m, claim};
    }
  }
  if (!duplicates.empty())
    return fail(ErrorCode::DuplicateSymbol, "the same symbol twice: " + duplicates);
  return {};
}

/// Whether this definition is the one that its name stands for (or it has no name to others).
bool MapBuilder::wins(const llvm::GlobalValue& global) const {
  if (!isDefinition(global) || isReserved(global))
    return false;
  if (global.hasLocalLinkage() || !global.hasName())
    return true;
  auto at = chosen_.find(linkName(global));
  return at != chosen_.end() && at->second.global == &global;
}

void MapBuilder::numberModule(std::uint32_t m) {
  llvm::Module& module = world_.module(m);
  auto& refs = map_.modules_.emplace_back();
  refs.functions.resize(module.size());
  std::uint32_t index = 0;
  for (const llvm::Function& function : module) {
    if (wins(function))
      refs.functions[index] = numberFunction(function, m, index);
    ++index;
  }
  refs.variables.resize(module.global_size());
  index = 0;
  for (const llvm::GlobalVariable& variable : module.globals()) {
    if (wins(variable))
      refs.variables[index] = numberVariable(variable, m, index);
    ++index;
  }
  refs.aliases.resize(module.alias_size());
  refs.ifuncs.resize(module.ifunc_size());
}

SymbolRef MapBuilder::numberFunction(const llvm::Function& function, std::uint32_t module, std::uint32_t index) {
  SymbolRef ref{SymbolRef::Kind::Function, static_cast<std::uint32_t>(map_.functions.size()), 0};
  map_.functions.push_back({linkName(function).str(), module, index, function.hasLocalLinkage(), false});
  if (!function.hasLocalLinkage())
    map_.byName_[linkName(function)] = ref;
  return ref;
}

SymbolRef MapBuilder::numberVariable(const llvm::GlobalVariable& variable, std::uint32_t module, std::uint32_t index) {
  const llvm::DataLayout& layout = variable.getParent()->getDataLayout();
  bool tls = variable.isThreadLocal();
  SymbolRef ref{tls ? SymbolRef::Kind::Tls : SymbolRef::Kind::Data, static_cast<std::uint32_t>(map_.data.size()), 0};
  DataInfo info;
  info.name = linkName(variable).str();
  info.module = module;
  info.index = index;
  info.size = layout.getTypeAllocSize(variable.getValueType());
  info.alignment = layout.getPreferredAlign(&variable).value();
  info.constant = variable.isConstant();
  info.isTls = tls;
  info.section = variable.getSection().str();
  map_.data.push_back(std::move(info));
  if (!variable.hasLocalLinkage() && variable.hasName())
    map_.byName_[linkName(variable)] = ref;
  return ref;
}

/// What each definition is that did not lose against another.
llvm::DenseMap<const llvm::GlobalValue*, SymbolRef>& MapBuilder::own() {
  if (!own_) {
    own_.emplace();
    for (std::uint32_t m = 0; m < world_.moduleCount(); ++m) {
      const auto& refs = map_.modules_[m];
      for (std::size_t i = 0; i < refs.functions.size(); ++i)
        if (refs.functions[i].kind != SymbolRef::Kind::None)
          own_->try_emplace(&world_.functionAt(m, i), refs.functions[i]);
      for (std::size_t i = 0; i < refs.variables.size(); ++i)
        if (refs.variables[i].kind != SymbolRef::Kind::None)
          own_->try_emplace(&world_.variableAt(m, i), refs.variables[i]);
    }
  }
  return *own_;
}

void MapBuilder::numberAliases() {
  for (std::uint32_t m = 0; m < world_.moduleCount(); ++m) {
    llvm::Module& module = world_.module(m);
    std::size_t i = 0;
    for (llvm::GlobalIFunc& ifunc : module.ifuncs()) {
      // The ifunc gets a number of its own; its slot is filled by the resolver when the program starts.
      SymbolRef ref{SymbolRef::Kind::Function, static_cast<std::uint32_t>(map_.functions.size()), 0};
      map_.functions.push_back({linkName(ifunc).str(), m, 0, ifunc.hasLocalLinkage(), true});
      const llvm::Function* resolver = ifunc.getResolverFunction();
      map_.ifuncs.push_back({ref.id, resolver ? own().lookup(resolver).id : 0});
      own()[&ifunc] = ref;
      if (wins(ifunc) && !ifunc.hasLocalLinkage())
        map_.byName_[linkName(ifunc)] = ref;
      map_.modules_[m].ifuncs[i++] = ref;
    }
  }
  // An alias may name another alias that a later module defines: resolve through the base object.
  for (std::uint32_t m = 0; m < world_.moduleCount(); ++m) {
    llvm::Module& module = world_.module(m);
    std::size_t i = 0;
    for (llvm::GlobalAlias& alias : module.aliases()) {
      llvm::APInt offset(64, 0);
      const llvm::Value* base =
          alias.getAliasee()->stripAndAccumulateConstantOffsets(module.getDataLayout(), offset, true);
      const auto* object = llvm::dyn_cast<llvm::GlobalValue>(base);
      while (const auto* next = llvm::dyn_cast_or_null<llvm::GlobalAlias>(object))
        object = llvm::dyn_cast<llvm::GlobalValue>(
            next->getAliasee()->stripAndAccumulateConstantOffsets(module.getDataLayout(), offset, true));
      SymbolRef ref;
      if (object)
        ref = own().lookup(object);
      if (object && ref.kind == SymbolRef::Kind::None && object->hasName()) {
        // The base lost against a definition elsewhere.
        auto at = chosen_.find(linkName(*object));
        if (at != chosen_.end())
          ref = own().lookup(at->second.global);
      }
      ref.offset += offset.getSExtValue();
      own()[&alias] = ref;
      if (wins(alias) && !alias.hasLocalLinkage())
        map_.byName_[linkName(alias)] = ref;
      map_.modules_[m].aliases[i++] = ref;
    }
  }
}

/// Completes `ref`, which is set already for the program's own definitions.
void MapBuilder::referTo(const llvm::GlobalValue& global, SymbolRef& ref) {
  if (ref.kind != SymbolRef::Kind::None || isReserved(global))
    return;
  if (auto at = map_.byName_.find(linkName(global)); at != map_.byName_.end()) {
    ref = at->second;
    return;
  }
  ref = external(global);
}

SymbolRef MapBuilder::external(const llvm::GlobalValue& global) {
  llvm::StringRef name = linkName(global);
  auto [at, fresh] = externals_.try_emplace(name);
  if (!fresh && at->second.kind != SymbolRef::Kind::Null)
    return at->second;
  auto address = host_.find(name.str());
  if (!address && !global.hasExternalWeakLinkage()) {
    unresolved_[name.str()].push_back(&global);
    return at->second;
  }
  if (!address) {
    at->second.kind = SymbolRef::Kind::Null;
    map_.absent_.push_back(name.str());
    return at->second;
  }
  const auto* variable = llvm::dyn_cast<llvm::GlobalVariable>(&global);
  at->second = {SymbolRef::Kind::External, static_cast<std::uint32_t>(map_.externals.size()), 0};
  map_.externals.push_back({name.str(), *address, variable && variable->isThreadLocal()});
  return at->second;
}

/// The functions of an appending list of {priority, function, datum}, over all modules, in the order of a native start.
std::vector<std::uint32_t> MapBuilder::startupFunctions(const char* list) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> entries;
  for (std::uint32_t m = 0; m < world_.moduleCount(); ++m) {
    llvm::GlobalVariable* variable = world_.module(m).getGlobalVariable(list);
    if (!variable || !variable->hasInitializer())
      continue;
    for (const llvm::Use& use : variable->getInitializer()->operands()) {
      auto* entry = llvm::cast<llvm::Constant>(use.get());
      auto* priority = llvm::dyn_cast_or_null<llvm::ConstantInt>(entry->getAggregateElement(0u));
      auto* function = llvm::dyn_cast_or_null<llvm::GlobalValue>(entry->getAggregateElement(1u)->stripPointerCasts());
      if (!priority || !function)
        continue;
      SymbolRef ref = own().lookup(function);
      referTo(*function, ref);
      if (ref.kind == SymbolRef::Kind::Function)
        entries.emplace_back(priority->getZExtValue(), ref.id);
    }
  }
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::uint32_t> functions;
  for (auto [priority, id] : entries)
    functions.push_back(id);
  return functions;
}

namespace {

void collectFunctions(const llvm::Value* user, std::set<std::string>& into, int depth) {
  if (const auto* instruction = llvm::dyn_cast<llvm::Instruction>(user)) {
    if (instruction->getFunction()->hasAvailableExternallyLinkage())
      return; // a copy for inlining: the definition elsewhere is what runs
    into.insert("function '" + instruction->getFunction()->getName().str() + "'");
    return;
  }
  if (const auto* variable = llvm::dyn_cast<llvm::GlobalVariable>(user)) {
    if (!isReserved(*variable) && !variable->hasAvailableExternallyLinkage())
      into.insert("variable '" + variable->getName().str() + "'");
    return;
  }
  if (const auto* function = llvm::dyn_cast<llvm::Function>(user)) {
    into.insert("function '" + function->getName().str() + "'");
    return;
  }
  if (depth < 16)
    for (const llvm::User* next : user->users())
      collectFunctions(next, into, depth + 1);
}

} // namespace

/// Reads all bodies to find who needs the missing symbols. A symbol that only copies for inlining name is not missed.
Result<void> MapBuilder::reportUnresolved() {
  for (std::uint32_t m = 0; m < world_.moduleCount(); ++m)
    if (auto read = world_.readAll(m); !read)
      return read;
  std::string message;
  for (auto& [name, globals] : unresolved_) {
    std::set<std::string> users;
    for (const llvm::GlobalValue* global : globals)
      for (const llvm::GlobalValue* each : {global, world_.copyOf(global)})
        if (each)
          for (const llvm::User* user : each->users())
            collectFunctions(user, users, 0);
    if (users.empty())
      continue;
    message += "\n  '" + name + "', needed by ";
    std::size_t shown = 0;
    for (const std::string& user : users) {
      if (shown == 5) {
        message += " and " + std::to_string(users.size() - shown) + " more";
        break;
      }
      message += (shown++ ? ", " : "") + user;
    }
  }
  if (message.empty())
    return {};
  return fail(ErrorCode::UnresolvedSymbol,
              "symbols that nothing defines (add the file that does, or --load a library):" + message);
}

WorldSymbols::WorldSymbols(World& world, const ProgramMap& map) : world_(world) {
  std::size_t count = 0;
  for (const auto& refs : map.modules_)
    count += refs.functions.size() + refs.variables.size() + refs.aliases.size() + refs.ifuncs.size();
  refs_.reserve(static_cast<unsigned>(count));
  for (std::size_t m = 0; m < world.moduleCount(); ++m) {
    llvm::Module& module = world.module(m);
    const auto& refs = map.modules_[m];
    for (std::size_t i = 0; i < refs.functions.size(); ++i)
      refs_[&world.functionAt(m, i)] = refs.functions[i];
    for (std::size_t i = 0; i < refs.variables.size(); ++i)
      refs_[&world.variableAt(m, i)] = refs.variables[i];
    std::size_t i = 0;
    for (llvm::GlobalAlias& alias : module.aliases())
      refs_[&alias] = refs.aliases[i++];
    i = 0;
    for (llvm::GlobalIFunc& ifunc : module.ifuncs())
      refs_[&ifunc] = refs.ifuncs[i++];
  }
}

} // namespace kiln
