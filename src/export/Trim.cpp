#include "export/Trim.h"

#include <llvm/ADT/StringExtras.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Transforms/IPO/Internalize.h>
#include <llvm/Transforms/Utils/ModuleUtils.h>

#include <map>

#include "compile/llvm/Annotate.h"
#include "program/EntryShape.h"

namespace kiln {
namespace {

constexpr const char* kMain = "main";

/// `int main(int, char**, char**)` that calls the entry with as many arguments as it has.
void wrapEntry(llvm::Module& module, llvm::Function& entry) {
  llvm::LLVMContext& context = module.getContext();
  auto* word = llvm::Type::getInt32Ty(context);
  auto* pointer = llvm::PointerType::getUnqual(context);
  auto* type = llvm::FunctionType::get(word, {word, pointer, pointer}, false);
  auto* main = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, kMain, module);
  main->setUWTableKind(llvm::UWTableKind::Default);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", main));
  std::vector<llvm::Value*> arguments;
  for (unsigned i = 0; i < entry.arg_size(); ++i)
    arguments.push_back(main->getArg(i));
  auto* call = builder.CreateCall(&entry, arguments);
  call->setCallingConv(entry.getCallingConv());
  if (entry.getReturnType()->isVoidTy())
    builder.CreateRet(llvm::ConstantInt::get(word, 0));
  else
    builder.CreateRet(builder.CreateIntCast(call, word, !entry.hasRetAttribute(llvm::Attribute::ZExt)));
}

/// Every word of assembly that could be a symbol.
void addWords(llvm::StringRef assembly, llvm::StringSet<>& words) {
  std::size_t at = 0;
  auto isPart = [](char each) { return llvm::isAlnum(each) || each == '_' || each == '.' || each == '$'; };
  while (at < assembly.size()) {
    std::size_t end = at;
    while (end < assembly.size() && isPart(assembly[end]))
      ++end;
    if (end > at) {
      words.insert(assembly.slice(at, end));
      words.insert(assembly.slice(at, end).ltrim('$')); // an immediate
    }
    at = end + 1;
  }
}

llvm::StringSet<> assemblyWords(const llvm::Module& module) {
  llvm::StringSet<> words;
  addWords(module.getModuleInlineAsm(), words);
  for (const llvm::Function& function : module)
    for (const llvm::Instruction& instruction : llvm::instructions(function))
      if (const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction))
        if (const auto* assembly = llvm::dyn_cast<llvm::InlineAsm>(call->getCalledOperand()))
          addWords(assembly->getAsmString(), words);
  return words;
}

bool isForOthers(const llvm::GlobalValue& global) {
  return !global.isDeclaration() && !global.hasLocalLinkage() && !global.hasAvailableExternallyLinkage() &&
         !global.hasHiddenVisibility() && !global.getName().starts_with("llvm.");
}

/// What stays as it is although nothing in the module may refer to it: assembly refers to local names as well.
void keepAssemblyNames(llvm::Module& module, const llvm::StringSet<>& words) {
  llvm::SmallVector<llvm::GlobalValue*, 8> kept;
  for (llvm::GlobalValue& global : module.global_values())
    if (!global.isDeclaration() && global.hasLocalLinkage() && words.contains(global.getName()))
      kept.push_back(&global);
  if (!kept.empty())
    llvm::appendToUsed(module, kept);
}

} // namespace

Result<void> makeEntry(Assembled& program, const std::string& entry) {
  llvm::Module& module = *program.module;
  llvm::GlobalValue* named = module.getNamedValue(entry);
  if (!named || named->isDeclaration() || named->hasLocalLinkage())
    return fail(ErrorCode::UnknownEntry, "the program defines no function '" + entry + "' to start at");
  auto* function = llvm::dyn_cast_or_null<llvm::Function>(named->getAliaseeObject());
  const Origin* origin = function ? program.originOf(*function) : nullptr;
  if (!function || llvm::isa<llvm::GlobalIFunc>(named))
    return fail(ErrorCode::BadMain, "'" + entry + "' is no function with a body; a program cannot start there");
  auto shape = entryShape(function->getFunctionType(), origin ? origin->file : "", entry);
  if (!shape)
    return std::unexpected(shape.error());
  const bool plain = named == function && entry == kMain && function->getReturnType()->isIntegerTy(32);
  if (plain)
    return {};
  if (llvm::GlobalValue* other = module.getNamedValue(kMain))
    other->setName("kiln.entry.main");
  wrapEntry(module, *function);
  return {};
}

Result<std::vector<const llvm::GlobalValue*>> internalize(llvm::Module& module, const ExportOptions& options,
                                                          const llvm::StringSet<>& libraryNames) {
  const bool executable = options.kind == ExportKind::Executable;
  llvm::StringSet<> exported;
  for (const std::string& name : options.exports) {
    const llvm::GlobalValue* global = module.getNamedValue(name);
    if (!global || global->isDeclaration() || global->hasLocalLinkage())
      return fail(ErrorCode::UnknownEntry, "the program defines no '" + name + "' that could be exported");
    exported.insert(name);
  }
  const bool all = !executable && options.exports.empty();
  const llvm::StringSet<> words = assemblyWords(module);
  keepAssemblyNames(module, words);
  std::vector<const llvm::GlobalValue*> shown;
  for (llvm::GlobalValue& global : module.global_values()) {
    if (!isForOthers(global) || !(all || exported.contains(global.getName())))
      continue;
    global.setVisibility(llvm::GlobalValue::DefaultVisibility);
    shown.push_back(&global);
    exported.insert(global.getName());
  }
  llvm::internalizeModule(module, [&](const llvm::GlobalValue& global) {
    const llvm::StringRef name = global.getName();
    // Inline functions of C++ are the same in each library that has them; only variables must be one.
    const bool everywhere =
        llvm::isa<llvm::Function>(global) && (global.hasLinkOnceODRLinkage() || global.hasWeakODRLinkage());
    return (executable && name == kMain) || exported.contains(name) || words.contains(name) ||
           (libraryNames.contains(name) && !everywhere) || global.hasSection();
  });
  return shown;
}

namespace {

using ProfileIndex = std::multimap<std::string_view, const FunctionProfile*>;

/// Where a function is in the linked module, by what the profile calls it.
class Targets {
public:
  explicit Targets(const Assembled& program) {
    for (llvm::Function& function : *program.module)
      if (const Origin* origin = program.originOf(function))
        named_.emplace(origin->name, Entry{&function, origin->hash});
  }
  llvm::Function* find(const TargetCount& target) const {
    auto [at, end] = named_.equal_range(target.name);
    if (at == end)
      return nullptr;
    const bool ambiguous = std::next(at) != end;
    for (; at != end; ++at)
      if (!ambiguous || at->second.hash == target.hash)
        return at->second.function;
    return nullptr;
  }

private:
  struct Entry {
    llvm::Function* function;
    std::uint64_t hash;
  };
  std::multimap<std::string_view, Entry> named_;
};

bool knowsName(const ProgramProfile& profile, const std::string& name) {
  auto at = std::ranges::lower_bound(profile.functions, name, {}, &FunctionProfile::name);
  return at != profile.functions.end() && at->name == name;
}

/// Functions none of whose places is among the counts that make up this share of the sum are compiled for size: a tenth
/// more time in them would be a ten-thousandth of the whole. Those outside of kHotMillionths, the last hundredth, are
/// kept from growing: counts are not times.
constexpr std::uint32_t kRareMillionths = 999'000;

/// The highest count of a function's places.
std::uint64_t highestCount(const FunctionProfile& profile) {
  CountSummary summary;
  addCounts(summary, profile);
  return summary.highest();
}

} // namespace

void applyProfile(Assembled& program, const ProgramProfile& profile, ExportSummary& summary) {
  CountSummary counts;
  for (const FunctionProfile& function : profile.functions)
    addCounts(counts, function);
  // A run of straight code counts nothing, and still tells what was reached.
  const bool counted = !counts.empty();
  if (counted)
    annotateProgram(*program.module, counts);
  const std::uint64_t rare = counts.percentile(kRareMillionths).least, hot = counts.percentile(kHotMillionths).least;
  const Targets targets(program);
  auto find = [&](llvm::CallBase&, const TargetCount& target, std::uint64_t) { return targets.find(target); };
  for (llvm::Function& function : *program.module) {
    const Origin* origin = program.originOf(function);
    if (!origin)
      continue;
    const FunctionProfile* known = profile.find(origin->name, origin->hash);
    // Reached, but nobody counted (functions at a tier that does not count): neither hot nor cold.
    const bool isCounted = counted && known && known->entries != 0;
    if (!known || (isCounted && !annotateFunction(function, *known, find))) {
      summary.changed += knowsName(profile, origin->name);
      continue;
    }
    ++summary.profiled;
    if (!isCounted || function.hasFnAttribute(llvm::Attribute::AlwaysInline))
      continue;
    // LLVM judges by blocks, and leaves the size of functions that ran as it is.
    const std::uint64_t highest = highestCount(*known);
    if (highest < hot)
      function.addFnAttr(llvm::Attribute::OptimizeForSize);
    if (highest < rare)
      function.addFnAttr(llvm::Attribute::MinSize);
  }
}

namespace {

constexpr const char* kTrapFunction = "kiln.trap";

/// Tells the name and ends the process, by system calls: nothing of the program or its libraries is needed, and a
/// program may stop here with any lock held. One writev, so that lines of several threads stay whole.
std::string trapText() {
  const std::string before = "kiln: '",
                    after = "' was called, which --cold=trap left out: no recorded run reached it\n";
  auto escaped = [](std::string text) {
    if (text.ends_with('\n'))
      text.replace(text.size() - 1, 1, "\\0A");
    return text;
  };
  const std::string sizes[] = {std::to_string(before.size()), std::to_string(after.size())};
  const std::string call = "call i64 asm sideeffect \"syscall\", "
                           "\"={ax},{ax},{di},{si},{dx},~{rcx},~{r11},~{memory}\"";
  return "@kiln.trap.before = private unnamed_addr constant [" + sizes[0] + " x i8] c\"" + before + "\"\n" +
         "@kiln.trap.after = private unnamed_addr constant [" + sizes[1] + " x i8] c\"" + escaped(after) + "\"\n" +
         "define hidden void @kiln.trap(ptr %name) noreturn cold nounwind noinline minsize optsize {\n"
         "  %parts = alloca [3 x { ptr, i64 }], align 16\n"
         "  br label %count\n"
         "count:\n"
         "  %length = phi i64 [ 0, %0 ], [ %next, %count ]\n"
         "  %at = getelementptr i8, ptr %name, i64 %length\n"
         "  %byte = load volatile i8, ptr %at\n"
         "  %next = add i64 %length, 1\n"
         "  %end = icmp eq i8 %byte, 0\n"
         "  br i1 %end, label %write, label %count\n"
         "write:\n"
         "  store volatile ptr @kiln.trap.before, ptr %parts\n"
         "  %size0 = getelementptr i8, ptr %parts, i64 8\n"
         "  store volatile i64 " +
         sizes[0] +
         ", ptr %size0\n"
         "  %part1 = getelementptr i8, ptr %parts, i64 16\n"
         "  store volatile ptr %name, ptr %part1\n"
         "  %size1 = getelementptr i8, ptr %parts, i64 24\n"
         "  store volatile i64 %length, ptr %size1\n"
         "  %part2 = getelementptr i8, ptr %parts, i64 32\n"
         "  store volatile ptr @kiln.trap.after, ptr %part2\n"
         "  %size2 = getelementptr i8, ptr %parts, i64 40\n"
         "  store volatile i64 " +
         sizes[1] +
         ", ptr %size2\n"
         "  %written = " +
         call +
         "(i64 20, i64 2, ptr %parts, i64 3)\n"
         "  br label %exit\n"
         "exit:\n"
         "  %ended = " +
         call + "(i64 231, i64 " + std::to_string(kTrapStatus) +
         ", ptr null, i64 0)\n"
         "  br label %exit\n"
         "}\n";
}

Result<llvm::Function*> addTrapFunction(llvm::Module& module) {
  llvm::SMDiagnostic diagnostic;
  auto made = llvm::parseAssemblyString(trapText(), diagnostic, module.getContext());
  if (!made)
    return fail(ErrorCode::CompileFailed, "the trap function: " + diagnostic.getMessage().str());
  made->setDataLayout(module.getDataLayout());
  made->setTargetTriple(module.getTargetTriple());
  if (llvm::Linker::linkModules(module, std::move(made)))
    return fail(ErrorCode::CompileFailed, "the trap function cannot be linked");
  llvm::Function* function = module.getFunction(kTrapFunction);
  function->setLinkage(llvm::GlobalValue::InternalLinkage);
  function->setVisibility(llvm::GlobalValue::DefaultVisibility);
  return function;
}

/// Replaces the body. What was said of the old one must go with it: it no longer returns, or leaves memory alone.
void replaceByTrap(llvm::Function& function, llvm::Function& trap, const std::string& name) {
  const llvm::GlobalValue::LinkageTypes linkage = function.getLinkage();
  function.deleteBody(); // leaves a declaration
  function.setLinkage(linkage);
  function.setPersonalityFn(nullptr);
  llvm::LLVMContext& context = function.getContext();
  llvm::AttrBuilder attributes(context);
  for (auto kind : {llvm::Attribute::Cold, llvm::Attribute::NoReturn, llvm::Attribute::NoUnwind,
                    llvm::Attribute::NoInline, llvm::Attribute::MinSize, llvm::Attribute::OptimizeForSize})
    attributes.addAttribute(kind);
  function.setAttributes(function.getAttributes().removeFnAttributes(context).removeAttributesAtIndex(
      context, llvm::AttributeList::ReturnIndex));
  function.addFnAttrs(attributes);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", &function));
  builder.CreateCall(&trap, {builder.CreateGlobalString(name)})->setDoesNotReturn();
  builder.CreateUnreachable();
}

/// What an earlier optimiser found out of functions that could call what is now a trap: that they end, that nobody
/// notices whether they were called. A call that is no trap any more by such words could be dropped, and with it the
/// stop. LLVM's passes find out again what is still true.
void forgetEffects(llvm::Module& module) {
  auto forget = [](auto& holder) {
    for (auto kind : {llvm::Attribute::Memory, llvm::Attribute::WillReturn, llvm::Attribute::Speculatable})
      holder.removeFnAttr(kind);
  };
  for (llvm::Function& function : module) {
    if (function.isDeclaration())
      continue;
    forget(function);
    for (llvm::Instruction& instruction : llvm::instructions(function))
      if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction))
        if (const llvm::Function* callee = call->getCalledFunction(); !callee || !callee->isDeclaration())
          forget(*call);
  }
}

/// Resolvers run while the program is still being put together, before anything could be recorded.
llvm::SmallPtrSet<const llvm::Function*, 8> resolvers(const llvm::Module& module) {
  llvm::SmallPtrSet<const llvm::Function*, 8> found;
  for (const llvm::GlobalIFunc& ifunc : module.ifuncs())
    found.insert(ifunc.getResolverFunction());
  return found;
}

} // namespace

Result<void> treatCold(Assembled& program, const ProgramProfile& profile, const ExportOptions& options,
                       const llvm::StringSet<>& libraryNames, ExportSummary& summary) {
  const ColdCode cold = options.cold;
  llvm::Module& module = *program.module;
  const auto early = resolvers(module);
  std::vector<llvm::Function*> unreached;
  for (llvm::Function& function : module)
    if (const Origin* origin = program.originOf(function);
        origin && !early.contains(&function) && !knowsName(profile, origin->name))
      unreached.push_back(&function);
  summary.cold = static_cast<std::uint32_t>(unreached.size());
  if (cold == ColdCode::Keep || unreached.empty())
    return {};
  llvm::Function* trap = nullptr;
  if (cold == ColdCode::Trap) {
    auto added = addTrapFunction(module);
    if (!added)
      return std::unexpected(added.error());
    trap = *added;
    forgetEffects(module);
  }
  for (llvm::Function* function : unreached) {
    // What libraries call instead of their own is not seen by a run under Kiln, where they keep theirs.
    const bool forLibraries = !function->hasLocalLinkage() && libraryNames.contains(function->getName());
    if (trap && !forLibraries) {
      replaceByTrap(*function, *trap, program.originOf(*function)->name);
      ++summary.trapped;
      continue;
    }
    function->addFnAttr(llvm::Attribute::Cold);
    if (function->hasFnAttribute(llvm::Attribute::AlwaysInline))
      continue;
    function->addFnAttr(llvm::Attribute::OptimizeForSize);
    function->addFnAttr(llvm::Attribute::MinSize);
  }
  return {};
}

} // namespace kiln
