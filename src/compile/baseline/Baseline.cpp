#include "compile/baseline/Baseline.h"

#include <dlfcn.h>

#include <cstring>
#include <utility>

#include "code/CodeSpace.h"
#include "code/UnwindRegistry.h"
#include "compile/baseline/Compile.h"
#include "compile/baseline/Dump.h"
#include "compile/baseline/Unwind.h"
#include "compile/baseline/Work.h"
#include "support/Clock.h"
#include "support/LlvmBridge.h"

namespace kiln::baseline {
namespace {

/// Null if the function has no places in the source.
std::shared_ptr<const LineTable> linesOf(const llvm::Function& function, const Code& code) {
  const llvm::DISubprogram* source = function.getSubprogram();
  if (!source)
    return nullptr;
  LineCollector lines(*source);
  // The frame is made on the line where the function begins.
  lines.add(0, llvm::DILocation::get(function.getContext(), source->getScopeLine(), 0,
                                     const_cast<llvm::DISubprogram*>(source)));
  for (auto [offset, place] : code.sourcePlaces)
    lines.add(offset, place);
  lines.add(code.codeBytes, nullptr);
  return std::make_shared<const LineTable>(lines.take());
}

/// Memory of an install, given back unless that succeeds.
class Memory {
public:
  Memory(CodeSpace& space, CodeUse use) : space_(space), use_(use) {}
  ~Memory() {
    for (const CodeSpan& span : spans_)
      space_.release(span);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  Result<CodeSpan> take(CodeArena arena, std::size_t bytes, std::size_t alignment) {
    auto span = space_.allocate(arena, bytes, alignment, use_);
    if (span)
      spans_.push_back(*span);
    return span;
  }
  std::vector<CodeSpan> keep() { return std::exchange(spans_, {}); }

private:
  CodeSpace& space_;
  const CodeUse use_;
  std::vector<CodeSpan> spans_;
};

} // namespace

Baseline::Baseline(const Parts& parts, Settings settings, Host host)
    : parts_(parts), settings_(settings), host_(std::move(host)), work_(std::make_unique<Work>(parts_, host_)) {}

Baseline::~Baseline() = default;

std::variant<Version, Refusal, Error> Baseline::compileAt(const Source& source, std::uint32_t function, std::uint32_t loop,
                                                          bool record) {
  work_->see(*source.symbols);
  std::uint64_t start = nowNanoseconds();
  const FunctionInfo& info = parts_.map.functions[function];
  auto body = source.world->prepared(source.world->functionAt(info.module, info.index));
  if (!body)
    return body.error();
  std::uint64_t prepared = nowNanoseconds();
  EmitOptions options{settings_, loop, false};
  if (!record)
    options.settings.record = 0;
  auto code = baseline::compile(**body, function, *work_, work_->workspace, options);
  std::uint64_t compiled = nowNanoseconds();
  if (code)
    (*code)->firstInstruction = static_cast<std::uint32_t>((*body)->arg_size());
  if (host_.keep && loop == kNoLoop)
    keep(function, record, code, compiled - start);
  if (!code)
    return code.error();
  const std::uint64_t instructions = (*code)->instructions;
  auto lines = settings_.lines ? linesOf(**body, **code) : nullptr;
  (*code)->sourcePlaces = {};
  auto version = install(std::move(*code));
  if (!version)
    return version.error();
  version->lines = std::move(lines);
  version->times.prepare = prepared - start;
  version->times.codegen = compiled - prepared;
  version->times.link = nowNanoseconds() - compiled;
  ++totals_.functions;
  totals_.instructions += instructions;
  totals_.nanoseconds += version->times.codegen + version->times.link;
  totals_.codeBytes += version->codeBytes;
  return *version;
}

std::variant<Version, Refusal, Error> Baseline::compile(const Source& source, std::uint32_t function, bool record) {
  return compileAt(source, function, kNoLoop, record);
}

std::variant<Version, Refusal, Error> Baseline::loopEntry(const Source& source, std::uint32_t function, std::uint32_t loop) {
  return compileAt(source, function, loop, true);
}

std::uintptr_t Baseline::addressOf(const Reference& to, const Installed& installed) const {
  auto base = [&]() -> std::uintptr_t {
    switch (to.target) {
    case Target::Slot: return reinterpret_cast<std::uintptr_t>(&parts_.table.slot(to.id));
    case Target::Stub: return parts_.table.stub(to.id);
    case Target::Counters: return reinterpret_cast<std::uintptr_t>(parts_.table.counters(to.id));
    case Target::Data: return parts_.map.data[to.id].address;
    case Target::External: return parts_.map.externals[to.id].address;
    case Target::Profile: return reinterpret_cast<std::uintptr_t>(installed.profile.rx);
    case Target::Runtime: return installed.code->runtime[to.id].address;
    case Target::Loop: return reinterpret_cast<std::uintptr_t>(&installed.loops[to.id]);
    case Target::Code: return reinterpret_cast<std::uintptr_t>(installed.at.rx);
    case Target::Null: return 0;
    }
    return 0;
  };
  return base() + static_cast<std::uintptr_t>(to.addend);
}

/// Writes addresses into the code at `installed.at`. False if something is too far away.
bool Baseline::applyFixups(const Installed& installed) const {
  const Code& code = *installed.code;
  const auto address = reinterpret_cast<std::uintptr_t>(installed.at.rx);
  for (const Fixup& fixup : code.fixups) {
    std::uintptr_t target = addressOf(fixup.to, installed);
    if (fixup.end == 0) {
      memcpy(installed.at.rw + fixup.at, &target, 8);
      continue;
    }
    auto distance = static_cast<std::int64_t>(target - (address + fixup.end));
    if (!isInt32(distance))
      return false;
    auto narrow = static_cast<std::int32_t>(distance);
    memcpy(installed.at.rw + fixup.at, &narrow, 4);
  }
  return true;
}

void Baseline::addLoops(Installed& installed) {
  const std::vector<LoopSite>& sites = installed.code->loops;
  installed.loops = sites.empty() ? nullptr : std::make_unique<LoopRecord[]>(sites.size());
  for (std::size_t i = 0; i < sites.size(); ++i) {
    LoopRecord& record = installed.loops[i];
    record.leave = reinterpret_cast<std::uintptr_t>(installed.at.rx) + installed.code->leave;
    record.owner = this;
    record.code = installed.code.get();
    record.block = sites[i].block;
  }
}

/// Memory, fixups, tables. Fails with CodeSpaceFull and leaves nothing.
Result<Version> Baseline::install(std::unique_ptr<Code> made) {
  const auto& published = parts_.table.record(made->function).publishedTier;
  const bool first = published.load(std::memory_order_acquire) == FunctionRecord::kNone;
  const CodeUse use = first ? CodeUse::FirstCode : CodeUse::Promotion;
  Memory memory(parts_.space, use), counts(parts_.space, use);
  Installed installed;
  installed.code = std::move(made);
  Code& code = *installed.code;
  auto at = memory.take(CodeArena::Code, code.bytes.size(), 16);
  if (!at)
    return std::unexpected(at.error());
  installed.at = *at;
  UnwindAddresses addresses{{}, addressOf(code.personality, installed)};
  for (const Reference& type : code.types)
    addresses.types.push_back(addressOf(type, installed));
  UnwindTables unwind = encodeUnwind(code, addresses);
  auto tables = memory.take(CodeArena::Constants, unwind.bytes.size(), 8);
  if (!tables)
    return std::unexpected(tables.error());
  // Compiling is deterministic: what is made again, after it was retired, counts the same things at the same places.
  Installed*& newest = work_->newest[{code.function, code.loop}];
  const bool again = newest && newest->code->counts == code.counts;
  if (again) {
    installed.profile = newest->profile;
  } else if (code.profileBytes) {
    auto profile = counts.take(CodeArena::Data, code.profileBytes, 8);
    if (!profile)
      return std::unexpected(profile.error());
    installed.profile = *profile;
    memset(profile->rw, 0, code.profileBytes);
  }
  addLoops(installed);
  memcpy(at->rw, code.bytes.data(), code.bytes.size());
  if (!applyFixups(installed))
    return fail(ErrorCode::CompileFailed, "something lies more than 2 GiB from the code");
  auto toCode = static_cast<std::int32_t>(at->rx - (tables->rx + unwind.codeField));
  memcpy(unwind.bytes.data() + unwind.codeField, &toCode, sizeof toCode);
  memcpy(tables->rw, unwind.bytes.data(), unwind.bytes.size());

  Version version;
  version.tier = Tier::Baseline;
  version.loop = code.loop;
  version.counts = settings_.count;
  version.records = code.records;
  version.entry = version.unwindCode = reinterpret_cast<std::uintptr_t>(at->rx);
  version.codeBytes = code.bytes.size();
  version.unwindSection = tables->rx;
  version.memory = memory.keep();
  counts.keep();
  parts_.unwind.add(version.unwindSection, version.unwindCode);
  // Of the code only what transfers and the profile need is kept.
  code.bytes = {};
  code.fixups = {};
  code.frame = {};
  newest = &work_->installed.emplace_back(std::move(installed));
  if (!again) {
    std::atomic<const Installed*>& counted = work_->counted[code.function];
    newest->before = counted.load(std::memory_order_relaxed);
    counted.store(newest, std::memory_order_release);
  }
  return version;
}

std::string Baseline::nameOf(const Reference& to, const Code& code) const {
  const ProgramMap& map = parts_.map;
  switch (to.target) {
  case Target::Slot: return "slot." + map.functions[to.id].name;
  case Target::Stub: return map.functions[to.id].name;
  case Target::Counters: return "counters." + map.functions[to.id].name;
  case Target::Data: return map.data[to.id].name;
  case Target::External: return map.externals[to.id].name;
  case Target::Profile: return "profile";
  case Target::Runtime: {
    std::uintptr_t address = code.runtime[to.id].address;
    Dl_info info{};
    if (address == budgetEntry())
      return "runtime.budget";
    if (dladdr(reinterpret_cast<void*>(address), &info) && info.dli_saddr == reinterpret_cast<void*>(address))
      return info.dli_sname;
    return "runtime." + std::to_string(to.id);
  }
  case Target::Loop: return "loop." + std::to_string(code.loops[to.id].block);
  case Target::Code: return "code";
  case Target::Null: return "null";
  }
  return {};
}

Result<std::string> Baseline::dump(const Source& source, std::uint32_t function) {
  work_->see(*source.symbols);
  const FunctionInfo& info = parts_.map.functions[function];
  auto body = source.world->prepared(source.world->functionAt(info.module, info.index));
  if (!body)
    return std::unexpected(body.error());
  auto code = baseline::compile(**body, function, *work_, work_->workspace, {settings_, kNone, true});
  if (!code)
    return fail(ErrorCode::CompileFailed, "function '" + info.name + "' is refused: " + code.error().reason);
  initializeLlvmTarget();
  return describe(**body, **code, work_->workspace.plan, [&](const Fixup& fixup) { return nameOf(fixup.to, **code); });
}

} // namespace kiln::baseline
