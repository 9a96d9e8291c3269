#include "compile/baseline/Baseline.h"

#include <cstring>

#include "code/CodeSpace.h"
#include "code/UnwindRegistry.h"
#include "compile/baseline/Emitter.h"
#include "compile/baseline/Unwind.h"
#include "program/ConstantWriter.h"
#include "support/Clock.h"

namespace kiln::baseline {

struct Baseline::Work final : Environment {
  explicit Work(const Parts& parts) : parts(parts) {}

  Result<llvm::APInt> evaluate(const llvm::Constant* constant, const llvm::DataLayout& layout) override {
    ConstantWriter::FunctionAddress stub = [this](std::uint32_t id) { return parts.table.stub(id); };
    return ConstantWriter(layout, parts.map, *source.symbols, stub).evaluate(constant);
  }
  SymbolRef symbolOf(const llvm::GlobalValue* global) override { return (*source.symbols)[global]; }
  const std::string& externalName(std::uint32_t external) override { return parts.map.externals[external].name; }
  std::uint64_t tlsOffset(std::uint32_t variable) override { return parts.map.data[variable].address; }
  const void* threadLocals() override { return parts.threadLocals.get(); }
  std::uintptr_t libraryFunction(const char* name) override {
    SymbolRef ref = parts.map.findLocal(name);
    return ref.kind == SymbolRef::Kind::Function ? parts.table.stub(ref.id) : parts.symbols.find(name).value_or(0);
  }

  const Parts& parts;
  Source source; ///< while compiling
  Workspace workspace;
  std::vector<std::unique_ptr<Code>> codes;
};

Baseline::Baseline(const Parts& parts, Settings settings, Host host)
    : parts_(parts), settings_(settings), host_(std::move(host)), work_(std::make_unique<Work>(parts_)) {}

Baseline::~Baseline() = default;

std::variant<Version, Refusal, Error> Baseline::compileAt(const Source& source, std::uint32_t function, std::uint32_t loop) {
  work_->source = source;
  std::uint64_t start = nowNanoseconds();
  const FunctionInfo& info = parts_.map.functions[function];
  auto body = source.world->prepared(source.world->functionAt(info.module, info.index));
  if (!body)
    return body.error();
  std::uint64_t prepared = nowNanoseconds();
  auto code = baseline::compile(**body, function, *work_, work_->workspace, {settings_, loop, false});
  if (!code)
    return code.error();
  std::uint64_t compiled = nowNanoseconds();
  const std::uint64_t instructions = (*code)->instructions;
  auto version = install(std::move(*code));
  if (!version)
    return version.error();
  version->times.prepare = prepared - start;
  version->times.codegen = compiled - prepared;
  version->times.link = nowNanoseconds() - compiled;
  ++totals_.functions;
  totals_.instructions += instructions;
  totals_.nanoseconds += version->times.codegen + version->times.link;
  totals_.codeBytes += version->codeBytes;
  return *version;
}

std::variant<Version, Refusal, Error> Baseline::compile(const Source& source, std::uint32_t function) {
  return compileAt(source, function, kNoLoop);
}

std::variant<Version, Refusal, Error> Baseline::loopEntry(const Source& source, std::uint32_t function, std::uint32_t loop) {
  return compileAt(source, function, loop);
}

std::uintptr_t Baseline::addressOf(const Fixup& fixup, const Code& code, const CodeSpan& at, const CodeSpan& profile) const {
  auto base = [&]() -> std::uintptr_t {
    switch (fixup.target) {
    case Target::Slot: return reinterpret_cast<std::uintptr_t>(&parts_.table.slot(fixup.id));
    case Target::Stub: return parts_.table.stub(fixup.id);
    case Target::Counters: return reinterpret_cast<std::uintptr_t>(parts_.table.counters(fixup.id));
    case Target::Data: return parts_.map.data[fixup.id].address;
    case Target::External: return parts_.map.externals[fixup.id].address;
    case Target::Profile: return reinterpret_cast<std::uintptr_t>(profile.rx);
    case Target::Runtime: return code.runtime[fixup.id];
    case Target::Code: return reinterpret_cast<std::uintptr_t>(at.rx);
    }
    return 0;
  };
  return base() + static_cast<std::uintptr_t>(fixup.addend);
}

Result<Version> Baseline::install(std::unique_ptr<Code> code) {
  Version version;
  version.tier = Tier::Baseline;
  version.loop = code->loop;
  version.counts = settings_.count;
  auto take = [&](CodeArena arena, std::size_t bytes, std::size_t alignment) -> Result<CodeSpan> {
    auto span = parts_.space.allocate(arena, bytes, alignment);
    if (span)
      version.memory.push_back(*span);
    return span;
  };
  auto giveBack = [&](const Error& error) {
    for (const CodeSpan& span : version.memory)
      parts_.space.release(span);
    return std::unexpected(error);
  };
  auto at = take(CodeArena::Code, code->bytes.size(), 16);
  if (!at)
    return giveBack(at.error());
  CodeSpan profile;
  if (code->profileBytes) {
    auto counts = take(CodeArena::Data, code->profileBytes, 8);
    if (!counts)
      return giveBack(counts.error());
    profile = *counts;
    memset(profile.rw, 0, code->profileBytes);
  }
  auto codeAddress = reinterpret_cast<std::uintptr_t>(at->rx);
  std::size_t unwindBytes = unwindSection(*code, codeAddress, 0, 0).size();
  auto tables = take(CodeArena::Constants, unwindBytes, 8);
  if (!tables)
    return giveBack(tables.error());

  for (const Fixup& fixup : code->fixups) {
    std::uintptr_t target = addressOf(fixup, *code, *at, profile);
    if (fixup.end == 0) {
      memcpy(code->bytes.data() + fixup.at, &target, 8);
      continue;
    }
    auto distance = static_cast<std::int64_t>(target - (codeAddress + fixup.end));
    if (!isInt32(distance))
      return giveBack(Error{ErrorCode::CompileFailed, "something lies more than 2 GiB from the code"});
    auto narrow = static_cast<std::int32_t>(distance);
    memcpy(code->bytes.data() + fixup.at, &narrow, 4);
  }
  memcpy(at->rw, code->bytes.data(), code->bytes.size());
  std::vector<std::byte> section = unwindSection(*code, codeAddress, reinterpret_cast<std::uintptr_t>(tables->rx), 0);
  memcpy(tables->rw, section.data(), section.size());
  version.unwindSection = tables->rx;
  parts_.unwind.add(tables->rx, codeAddress);
  version.entry = codeAddress;
  version.codeBytes = code->bytes.size();
  work_->codes.push_back(std::move(code));
  return version;
}

Result<std::string> Baseline::dump(const Source&, std::uint32_t function) {
  return fail(ErrorCode::CompileFailed, "function '" + std::string(parts_.map.functions[function].name) + "' cannot be shown yet");
}

ProgramProfile Baseline::harvest(const Source&) { return {}; }

} // namespace kiln::baseline
