#include "interp/Interpreter.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "abi/CallShape.h"
#include "interp/Dump.h"
#include "interp/Handlers.h"
#include "support/CancelState.h"
#include "support/Clock.h"
#include "transition/FrameState.h"
#include "transition/Resume.h"

// FunctionTable.cpp
extern "C" void kiln_budget_spent(kiln::Counters* counters);

namespace kiln::interp {

/// What a continuation's state consists of, and how it is called.
struct StateRecipe {
  std::vector<Location> words;
  CallShape shape;
};

Interpreter::Interpreter(const Parts& parts, Settings settings, Host host)
    : Environment(parts.map, parts.threadLocals, [this](std::uint32_t id) { return parts_.table.stub(id); }),
      parts_(parts), settings_(settings), host_(std::move(host)), stubs_(parts.space, parts.unwind),
      entries_(new std::atomic<FunctionEntry*>[parts.map.functions.size()]()) {}

Interpreter::~Interpreter() = default;

llvm::Function& Interpreter::functionIn(const Source& source, std::uint32_t id) const {
  const FunctionInfo& info = parts_.map.functions[id];
  return source.world->functionAt(info.module, info.index);
}

FunctionEntry* Interpreter::entryOf(std::uint32_t function) {
  if (FunctionEntry* known = entries_[function].load(std::memory_order_acquire))
    return known;
  FunctionEntry& entry = entryStore_.emplace_back();
  entry.run = enterFromNative;
  entry.id = function;
  entry.slot = &parts_.table.slot(function);
  entry.stub = parts_.table.stub(function);
  entry.counters = parts_.table.record(function).counters;
  entries_[function].store(&entry, std::memory_order_release);
  return &entry;
}

const llvm::FunctionType* Interpreter::definedType(std::uint32_t function) {
  return parts_.map.functions[function].ifuncResolved ? nullptr : functionIn(source_, function).getFunctionType();
}

std::uintptr_t Interpreter::runtimeAddress(const char* name) {
  return parts_.symbols.find(name).value_or(0);
}

std::variant<Version, Refusal, Error> Interpreter::compile(const Source& source, std::uint32_t function) {
  source_ = source;
  see(*source.symbols);
  std::uint64_t start = nowNanoseconds();
  auto body = source.world->prepared(functionIn(source, function));
  if (!body)
    return body.error();
  std::uint64_t prepared = nowNanoseconds();
  FunctionEntry& entry = *entryOf(function);
  auto code = decode(**body, function, *this, memory_, settings_.decode);
  if (!code)
    return code.error();
  for (auto& header : (*code)->headers)
    header->interpreter = this;
  entry.code = (*code)->first();
  entry.frameBytes = (*code)->frameWords * static_cast<std::uint32_t>(sizeof(Word));
  entry.resultWords = (*code)->shape.resultWords;
  entry.shape = &(*code)->shape;
  entry.direct = !settings_.decode.framed && !entry.shape->variadic && entry.shape->copies.empty();
  entry.type = (*body)->getFunctionType();
  (*code)->firstInstruction = static_cast<std::uint32_t>((*body)->arg_size());
  entry.decoded.store(code->get(), std::memory_order_release);
  Version version;
  if (auto made = makeEntry(entry, version, CodeUse::FirstCode); !made)
    return made.error();
  version.tier = Tier::Interpreter;
  version.counts = settings_.decode.loops;
  version.entry = entry.thunk;
  version.codeBytes = (*code)->size * sizeof(Word);
  version.times.prepare = prepared - start;
  version.times.codegen = nowNanoseconds() - prepared;
  ++totals_.functions;
  totals_.instructions += (*code)->instructions;
  totals_.nanoseconds += version.times.codegen;
  codes_.push_back(std::move(*code));
  return version;
}

// Resuming
// ----------------------------------------------------------------------------------------------------------------

std::variant<std::monostate, Refusal, Error> Interpreter::prepareResume(const Source& source, std::uint32_t function,
                                                                        std::span<const std::uint32_t> places) {
  std::vector<std::uint32_t> missing;
  for (std::uint32_t place : places)
    if (resumeAt(function, place) == 0)
      missing.push_back(place);
  std::ranges::sort(missing);
  missing.erase(std::ranges::unique(missing).begin(), missing.end());
  if (missing.empty())
    return std::monostate();
  source_ = source;
  see(*source.symbols);
  auto body = source.world->prepared(functionIn(source, function));
  if (!body)
    return body.error();
  auto thunk = install(**body, function, makeResume(**body, missing));
  if (auto* refusal = std::get_if<Refusal>(&thunk))
    return std::move(*refusal);
  if (auto* error = std::get_if<Error>(&thunk))
    return std::move(*error);
  for (std::uint32_t place : missing)
    resumes_[{function, place}] = std::get<std::uintptr_t>(thunk);
  return std::monostate();
}

std::variant<Version, Refusal, Error> Interpreter::compileLoop(const Source& source, std::uint32_t function,
                                                               std::uint32_t block) {
  source_ = source;
  see(*source.symbols);
  auto body = source.world->prepared(functionIn(source, function));
  if (!body)
    return body.error();
  auto thunk = install(**body, function, makeResumeAtLoop(**body, block));
  if (auto* refusal = std::get_if<Refusal>(&thunk))
    return std::move(*refusal);
  if (auto* error = std::get_if<Error>(&thunk))
    return std::move(*error);
  Version version;
  version.tier = Tier::Interpreter;
  version.loop = block;
  version.counts = settings_.decode.loops;
  version.entry = std::get<std::uintptr_t>(thunk);
  return version;
}

/// Decodes a function that resumes; the address to enter it at.
std::variant<std::uintptr_t, Refusal, Error> Interpreter::install(llvm::Function& prepared, std::uint32_t function,
                                                                  std::expected<Resume, std::string> resume) {
  if (!resume)
    return Refusal{resume.error(), parts_.table.record(function).name, {}};
  DecodeOptions options;
  options.record = 0;
  options.loops = settings_.decode.loops;
  options.asWritten = true;
  options.framed = settings_.decode.framed;
  auto code = decode(*resume->function, function, *this, memory_, options);
  if (code)
    setHeaders(prepared, *resume, **code);
  resume->drop();
  if (!code)
    return code.error();
  FunctionEntry& entry = entryStore_.emplace_back();
  entry.run = enterFromNative;
  entry.id = function;
  entry.slot = &parts_.table.slot(function);
  entry.counters = parts_.table.record(function).counters;
  entry.code = (*code)->first();
  entry.frameBytes = (*code)->frameWords * static_cast<std::uint32_t>(sizeof(Word));
  entry.resultWords = (*code)->shape.resultWords;
  entry.shape = &(*code)->shape;
  Version thunk;
  // Better code is what needs it; the room without which functions cannot be called at all is not for that.
  if (auto made = makeEntry(entry, thunk, CodeUse::Promotion); !made)
    return made.error();
  resumeCodes_.push_back(std::move(*code));
  return entry.thunk;
}

std::uintptr_t Interpreter::resumeAt(std::uint32_t function, std::uint32_t place) const {
  auto found = resumes_.find({function, place});
  return found == resumes_.end() ? 0 : found->second;
}

/// The code's headers become those of the prepared function, with their states ready: an exit may run where nothing can
/// be found out any more.
void Interpreter::setHeaders(llvm::Function& prepared, const Resume& resume, Code& code) {
  FunctionNumbers numbers(*resume.function);
  for (auto& header : code.headers) {
    header->interpreter = this;
    header->impossible.store(true, std::memory_order_relaxed);
    const llvm::BasicBlock& block = numbers.block(header->block);
    auto known = std::ranges::find(resume.headers, &block, &ResumeHeader::block);
    header->block = ~std::uint32_t{0};
    if (known == resume.headers.end())
      continue;
    std::map<std::uint32_t, llvm::Value*> values(known->values.begin(), known->values.end());
    const StateRecipe* recipe =
        makeRecipe(prepared, known->number, [&](std::uint32_t value) -> std::optional<Location> {
          auto found = values.find(value);
          return found == values.end() ? std::nullopt : std::optional(code.locations[numbers.of(*found->second)]);
        });
    if (!recipe)
      continue;
    header->block = known->number;
    header->recipe.store(recipe, std::memory_order_release);
    header->impossible.store(false, std::memory_order_relaxed);
  }
}

Result<std::string> Interpreter::dump(const Source& source, std::uint32_t function) {
  source_ = source;
  see(*source.symbols);
  auto body = source.world->prepared(functionIn(source, function));
  if (!body)
    return std::unexpected(body.error());
  FunctionEntry* entry = entryOf(function);
  if (const Code* decoded = entry->decoded.load(std::memory_order_relaxed))
    return opsText(*decoded);
  auto code = decode(**body, function, *this, memory_, settings_.decode);
  if (!code)
    return fail(ErrorCode::CompileFailed,
                "function '" + code.error().function + "' is refused by the interpreter: " + code.error().reason +
                    (code.error().instruction.empty() ? "" : ": " + code.error().instruction));
  return opsText(**code);
}

// Calls and transfers
// -----------------------------------------------------------------------------------------------------

FunctionEntry* Interpreter::directTarget(const CallSite& site, std::uintptr_t address) {
  if (!site.direct || !parts_.table.isStub(address))
    return nullptr;
  FunctionEntry* entry = entries_[parts_.table.idOfStub(address)].load(std::memory_order_acquire);
  if (!entry || entry->stub != address || entry->slot->load(std::memory_order_acquire) != entry->thunk)
    return nullptr;
  return entry->direct && entry->type == site.type ? entry : nullptr;
}

FunctionEntry* directTarget(CallSite& site, std::uintptr_t address) {
  return site.interpreter->directTarget(site, address);
}

void Interpreter::prepareOsr(const Source& source, LoopHeader& header) {
  if (header.recipe.load(std::memory_order_acquire) || header.impossible.load(std::memory_order_relaxed))
    return;
  header.impossible.store(true, std::memory_order_relaxed);
  auto body = source.world->prepared(functionIn(source, header.code->function));
  if (!body)
    return;
  const StateRecipe* recipe = makeRecipe(**body, header.block, [&](std::uint32_t value) -> std::optional<Location> {
    return header.code->locations[value];
  });
  if (!recipe)
    return;
  header.recipe.store(recipe, std::memory_order_release);
  header.impossible.store(false, std::memory_order_relaxed);
}

const StateRecipe* Interpreter::makeRecipe(llvm::Function& prepared, std::uint32_t block, const Locate& locate) {
  FunctionNumbers numbers(prepared);
  auto state = liveInto(numbers, numbers.block(block));
  if (!state)
    return nullptr;
  llvm::LLVMContext& context = prepared.getContext();
  auto* type = llvm::FunctionType::get(prepared.getReturnType(), {llvm::PointerType::get(context, 0)}, false);
  // Where results are depends on these two; continuations have them from their functions.
  auto results = llvm::AttributeList::get(context, llvm::AttributeSet(), prepared.getAttributes().getRetAttrs(), {});
  auto convention =
      prepared.getCallingConv() == llvm::CallingConv::Fast ? llvm::CallingConv::Fast : llvm::CallingConv::C;
  auto shape = callShape(type, results, convention, {}, prepared.getParent()->getDataLayout());
  if (!shape)
    return nullptr;
  StateRecipe recipe;
  recipe.shape = std::move(*shape);
  recipe.words.resize(state->words);
  for (const LiveValue& value : state->values) {
    std::optional<Location> location = locate(value.number);
    if (!location)
      return nullptr;
    for (std::uint32_t i = 0; i < value.words; ++i) {
      recipe.words[value.word + i] = *location;
      if (location->kind == Location::Kind::Words)
        ++location->word;
    }
  }
  return &recipes_.emplace_back(std::move(recipe));
}

const void* Interpreter::atBackEdge(LoopHeader& header) {
  if (header.block == ~std::uint32_t{0}) { // one that only code for resuming has
    kiln_budget_spent(parts_.table.record(header.code->function).counters);
    return nullptr;
  }
  const int saved = errno;
  const CancelState cancel;
  std::uintptr_t entry = 0;
  if (settings_.osrAt) {
    // Every back-edge comes here.
    parts_.table.record(header.code->function).arm(kUnbounded, 0);
    std::uint64_t arrivals = __atomic_add_fetch(&header.arrivals, 1, __ATOMIC_RELAXED);
    if (arrivals % settings_.osrAt == 0)
      entry = host_.forceOsr(header.code->function, header.block);
  } else {
    entry = host_.loopBudgetSpent(header.code->function, header.block);
  }
  if (entry && !header.recipe.load(std::memory_order_acquire)) {
    host_.prepareOsr(header);
    if (!header.recipe.load(std::memory_order_acquire))
      entry = 0;
  }
  errno = saved;
  cancel.restore();
  return reinterpret_cast<const void*>(entry);
}

const void* atBackEdge(LoopHeader& header) {
  return header.interpreter->atBackEdge(header);
}

std::uint32_t stateWords(const LoopHeader& header) {
  return static_cast<std::uint32_t>(header.recipe.load(std::memory_order_acquire)->words.size());
}

const CallShape& continuationShape(const LoopHeader& header) {
  return header.recipe.load(std::memory_order_acquire)->shape;
}

void captureState(const LoopHeader& header, const Word* frame, Word* state) {
  for (const Location& location : header.recipe.load(std::memory_order_acquire)->words) {
    switch (location.kind) {
    case Location::Kind::None:
      *state = 0;
      break;
    case Location::Kind::Words:
      *state = frame[location.word];
      break;
    case Location::Kind::Address:
      *state = frame[location.word] + static_cast<Word>(location.offset);
      break;
    case Location::Kind::Constant:
      *state = static_cast<Word>(location.offset);
      break;
    }
    ++state;
  }
}

std::span<const Word> Interpreter::opsOf(std::uint32_t function) const {
  const FunctionEntry* entry = entries_[function].load(std::memory_order_acquire);
  const Code* code = entry ? entry->decoded.load(std::memory_order_acquire) : nullptr;
  return code ? std::span<const Word>(code->words.get(), code->size) : std::span<const Word>{};
}

const char* Interpreter::functionExecuting(std::uintptr_t op, std::uintptr_t handler) const {
  if (op % alignof(Op) != 0 || handler == reinterpret_cast<std::uintptr_t>(invoke()))
    return nullptr;
  for (std::size_t id = 0; id < parts_.map.functions.size(); ++id) {
    const FunctionEntry* entry = entries_[id].load(std::memory_order_acquire);
    const Code* code = entry ? entry->decoded.load(std::memory_order_acquire) : nullptr;
    if (!code || !code->contains(reinterpret_cast<const void*>(op)))
      continue;
    const bool executes = reinterpret_cast<std::uintptr_t>(reinterpret_cast<const Op*>(op)->run) == handler;
    return executes || standsInForCalls(handler) ? parts_.map.functions[id].name.c_str() : nullptr;
  }
  return nullptr;
}

// Profile -------------------------------------------------------------------------------------------------------------------

namespace {

/// A count in the code; `offset` in bytes.
Word wordAt(const Code& code, std::uint32_t offset) {
  return __atomic_load_n(reinterpret_cast<const Word*>(reinterpret_cast<const char*>(code.words.get()) + offset),
                         __ATOMIC_RELAXED);
}

void readBranches(const Code& code, FunctionProfile& into) {
  for (const BranchSite& site : code.branches) {
    std::uint64_t jumped = wordAt(code, site.countOffset), stayed = wordAt(code, site.countOffset + 8);
    if (jumped || stayed)
      into.branches.push_back({site.value - code.firstInstruction, site.jumpsWhenTaken ? jumped : stayed,
                               site.jumpsWhenTaken ? stayed : jumped});
  }
}

void readLoops(const Code& code, FunctionProfile& into) {
  for (const auto& header : code.headers) {
    std::uint64_t count = __atomic_load_n(&header->jumps, __ATOMIC_RELAXED);
    for (std::uint32_t offset : header->counts)
      count += wordAt(code, offset);
    if (count)
      into.loops.push_back({header->block, count});
  }
}

void readSwitches(const Code& code, FunctionProfile& into) {
  for (const SwitchSite& site : code.switchSites) {
    SwitchProfile profile;
    profile.number = site.value - code.firstInstruction;
    profile.defaultCount = __atomic_load_n(&site.table->otherwise.count, __ATOMIC_RELAXED);
    profile.cases.resize(site.caseCount);
    std::uint64_t any = profile.defaultCount;
    for (std::size_t i = 0; i < site.cases.size(); ++i) {
      std::uint64_t count = __atomic_load_n(&site.table->cases[i].count, __ATOMIC_RELAXED);
      any |= count;
      (site.cases[i] ? profile.cases[site.cases[i] - 1] : profile.defaultCount) += count;
    }
    if (any)
      into.switches.push_back(std::move(profile));
  }
}

void readArguments(const Code& code, FunctionProfile& into) {
  for (const ArgumentValues::Argument& argument : code.arguments.arguments) {
    auto read = [](const auto& field) { return __atomic_load_n(&field, __ATOMIC_RELAXED); };
    std::uint64_t calls = read(argument.calls);
    if (read(argument.varied))
      into.arguments.push_back({argument.index, ArgumentState::Varied, 0, 0});
    else if (calls)
      into.arguments.push_back({argument.index, ArgumentState::Constant, read(argument.value), calls});
  }
}

} // namespace

bool Interpreter::readCounts(std::uint32_t function, FunctionProfile& into, const CountReading& reading) const {
  const FunctionEntry* entry = entries_[function].load(std::memory_order_acquire);
  const Code* code = entry ? entry->decoded.load(std::memory_order_acquire) : nullptr;
  if (!code)
    return false;
  readBranches(*code, into);
  readSwitches(*code, into);
  if (!reading.targets)
    return true;
  readLoops(*code, into);
  for (const CallSite& site : code->calls)
    if (site.indirect)
      addCall(into, site.value - code->firstInstruction, site.targets, *reading.targets);
  for (const SizeSite& site : code->sizeSites)
    addMemory(into, site.value - code->firstInstruction, *site.sizes);
  readArguments(*code, into);
  return true;
}

bool Interpreter::argumentVaries(std::uint32_t function, std::uint32_t argument) const {
  const FunctionEntry* entry = entries_[function].load(std::memory_order_acquire);
  const Code* code = entry ? entry->decoded.load(std::memory_order_acquire) : nullptr;
  if (!code)
    return false;
  for (const ArgumentValues::Argument& each : code->arguments.arguments)
    if (each.index == argument)
      return each.varied;
  return false;
}

ProgramProfile Interpreter::harvest(const Source& source) {
  ProgramProfile profile;
  Harvest harvest(parts_.map, parts_.table, *source.world);
  const NameTarget targets = harvest.targets();
  for (const auto& code : codes_) {
    FunctionProfile& out = profile.functions.emplace_back();
    if (harvest.begin(code->function, out))
      readCounts(code->function, out, {&targets});
  }
  return profile;
}

} // namespace kiln::interp
