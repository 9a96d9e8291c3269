// What those who look at a program from outside get to see: debuggers, profilers, and who reads a crash report.
#include "engine/EngineCore.h"
#include "engine/ProgramCore.h"
#include "support/SignalBlock.h"

namespace kiln {

bool ProgramCore::wantsLines(const Options& options) { return options.gdb || !options.jitdump.empty(); }

Reading ProgramCore::compilerReading() const {
  return wantsLines(engine_->options) ? Reading::Lines : Reading::Whole;
}

Result<void> ProgramCore::compileAll() {
  SignalBlock block;
  std::lock_guard lock(foreground_);
  for (const FunctionInfo& info : map_.functions) {
    FunctionRecord& record = table_->record(static_cast<std::uint32_t>(&info - map_.functions.data()));
    if (info.ifuncResolved || record.publishedTier.load(std::memory_order_acquire) != FunctionRecord::kNone)
      continue;
    // What cannot be compiled is an error when it is called, as without.
    if (auto tier = startingTier(record))
      (void)compileNow(record, *tier, "asked", false);
  }
  return {};
}

void ProgramCore::withdraw(std::uintptr_t address) {
  if (names_)
    names_->remove(address);
  if (recorder())
    recorder()->removeCode(address);
  std::lock_guard lock(announcing_);
  if (codeMap_)
    codeMap_->remove(address);
}

void ProgramCore::announce(const FunctionRecord& record, const Version& version) {
  if (recorder())
    tellRecorder(record, version);
  if (!names_ && !codeMap_)
    return;
  std::lock_guard lock(announcing_);
  std::string variant(tierName(version.tier));
  if (version.loop != kNoLoop)
    variant += " loop " + std::to_string(version.loop);
  const void* unwind = version.unwindSection;
  std::shared_ptr<const LineTable> lines = version.lines;
  for (const CodeSpan& span : version.memory)
    if (span.arena == CodeArena::Code) {
      const auto begin = reinterpret_cast<std::uintptr_t>(span.rx);
      if (codeMap_)
        codeMap_->add({begin, begin + span.size, record.name.c_str(), version.tier, version.loop != kNoLoop, unwind, lines});
      if (names_)
        names_->add({record.name, variant, begin, span.size, unwind, lines.get()});
      unwind = nullptr;
      lines = nullptr;
    }
}

} // namespace kiln
