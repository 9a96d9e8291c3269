#include "compile/baseline/Baseline.h"

#include <cstring>

#include "code/CodeSpace.h"
#include "code/UnwindRegistry.h"
#include "compile/baseline/Emitter.h"
#include "compile/baseline/Unwind.h"
#include "compile/baseline/Work.h"
#include "support/Clock.h"

namespace kiln::baseline {

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

std::uintptr_t Baseline::addressOf(const Fixup& fixup, const Installed& installed) const {
  auto base = [&]() -> std::uintptr_t {
    switch (fixup.target) {
    case Target::Slot: return reinterpret_cast<std::uintptr_t>(&parts_.table.slot(fixup.id));
    case Target::Stub: return parts_.table.stub(fixup.id);
    case Target::Counters: return reinterpret_cast<std::uintptr_t>(parts_.table.counters(fixup.id));
    case Target::Data: return parts_.map.data[fixup.id].address;
    case Target::External: return parts_.map.externals[fixup.id].address;
    case Target::Profile: return reinterpret_cast<std::uintptr_t>(installed.profile.rx);
    case Target::Runtime: return installed.code->runtime[fixup.id];
    case Target::Loop: return reinterpret_cast<std::uintptr_t>(&installed.loops[fixup.id]);
    case Target::Code: return reinterpret_cast<std::uintptr_t>(installed.at.rx);
    }
    return 0;
  };
  return base() + static_cast<std::uintptr_t>(fixup.addend);
}

/// Memory, fixups, tables. Fails with CodeSpaceFull and leaves nothing.
Result<Version> Baseline::install(std::unique_ptr<Code> made) {
  Version version;
  version.tier = Tier::Baseline;
  version.loop = made->loop;
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
    work_->installed.pop_back();
    return std::unexpected(error);
  };
  Installed& installed = work_->installed.emplace_back();
  installed.code = std::move(made);
  Code& code = *installed.code;
  auto at = take(CodeArena::Code, code.bytes.size(), 16);
  if (!at)
    return giveBack(at.error());
  installed.at = *at;
  if (code.profileBytes) {
    auto counts = take(CodeArena::Data, code.profileBytes, 8);
    if (!counts)
      return giveBack(counts.error());
    installed.profile = *counts;
    memset(counts->rw, 0, code.profileBytes);
  }
  const auto address = reinterpret_cast<std::uintptr_t>(at->rx);
  std::size_t tableBytes = unwindSection(code, address, 0, 0).size();
  auto tables = take(CodeArena::Constants, tableBytes, 8);
  if (!tables)
    return giveBack(tables.error());

  for (const LoopSite& site : code.loops) {
    LoopRecord& record = installed.loops.emplace_back();
    record.leave = address + code.leave;
    record.owner = this;
    record.code = &code;
    record.block = site.block;
  }
  for (const Fixup& fixup : code.fixups) {
    std::uintptr_t target = addressOf(fixup, installed);
    if (fixup.end == 0) {
      memcpy(code.bytes.data() + fixup.at, &target, 8);
      continue;
    }
    auto distance = static_cast<std::int64_t>(target - (address + fixup.end));
    if (!isInt32(distance))
      return giveBack(Error{ErrorCode::CompileFailed, "something lies more than 2 GiB from the code"});
    auto narrow = static_cast<std::int32_t>(distance);
    memcpy(code.bytes.data() + fixup.at, &narrow, 4);
  }
  memcpy(at->rw, code.bytes.data(), code.bytes.size());
  std::vector<std::byte> section = unwindSection(code, address, reinterpret_cast<std::uintptr_t>(tables->rx), 0);
  memcpy(tables->rw, section.data(), section.size());
  version.unwindSection = tables->rx;
  parts_.unwind.add(tables->rx, address);
  version.entry = address;
  version.codeBytes = code.bytes.size();
  // Of the code only what transfers and the profile need is kept.
  code.bytes = {};
  code.fixups = {};
  code.frame = {};
  return version;
}

Result<std::string> Baseline::dump(const Source&, std::uint32_t function) {
  return fail(ErrorCode::CompileFailed, "function '" + std::string(parts_.map.functions[function].name) + "' cannot be shown yet");
}

} // namespace kiln::baseline
