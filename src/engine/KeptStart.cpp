// A start without the modules: what linking them gave is kept, so that a later run of the same files opens them only
// when it needs their IR.
//
// Of a run in which everything that is reached has code already (cache/KeptBaseline.h), reading the modules' headers,
// linking by name and writing the variables' initial values is most of what is left. All of that follows from the
// files, but for where things are: names from outside are looked up anew, and a kept start is used only if each is
// there, or is not, as it was.
//
// Not kept: programs with file-level assembly or bounds of named sections, whose names are known only after the layout;
// those that can be replaced, are counted for coverage, or are shown in a report; and where anything asks for more than
// lean reading.
#include "engine/EngineCore.h"
#include "engine/ProgramCore.h"
#include "support/Bytes.h"

namespace kiln {

bool ProgramCore::mayKeepStart(const ProgramInput& input) const {
  const Options& options = engine_->options;
  return cache_ && mayUseKept() && options.ladder.bottom() <= Tier::Baseline && !input.replaceable &&
         !options.coverage && !options.report && !options.verifyAll;
}

/// Before anything of the program is known but its files and what the host gave it.
std::optional<ProgramCore::KeptStart> ProgramCore::keptStart(const ProgramInput& input) {
  if (!mayKeepStart(input) || sourceBytes() > kHashedAtLoad || !engine_->cache->disk.knows("") || !cache_->known())
    return std::nullopt;
  startContext_ = digestOfHost(input);
  auto entry = cache_->start(startContext_);
  if (!entry)
    return std::nullopt;
  KeptStart start;
  start.entry = std::make_unique<const std::string>(std::move(*entry));
  start.rest = ByteReader(*start.entry);
  start.mainFunction = start.rest.u32();
  start.mainReturnsInt = start.rest.u8() != 0;
  auto map = ProgramMap::restore(start.rest, host_);
  if (!map)
    return std::nullopt;
  // Containers name their entries, which are not in the bitcode.
  for (std::size_t m = sources_->size(); m-- > 0;) {
    const std::string& entry = (*sources_)[m].entry;
    if (entry.empty())
      continue;
    const SymbolRef ref = map->find(entry);
    if (ref.kind != SymbolRef::Kind::Function || ref.id >= map->functions.size() || map->functions[ref.id].module != m)
      return std::nullopt; // the module says what is wrong
    entry_ = entry;
  }
  start.map = std::move(*map);
  return start;
}

/// What can differ between loads of the same files.
Digest ProgramCore::digestOfHost(const ProgramInput& input) const {
  ByteWriter out;
  out.u64(input.libraries.size());
  for (const std::string& library : input.libraries)
    out.text(library);
  out.u64(input.hostFunctions.size());
  for (const ProgramInput::HostFunction& function : input.hostFunctions)
    out.text(function.name);
  return digestOf(out.bytes);
}

/// Under the foreground lock, at the end. Where the modules were not opened nothing is new.
void ProgramCore::saveStart() {
  if (!keepStart_ || !main_)
    return;
  std::optional<std::string> contents;
  callOnStack(*stack_, [&] {
    (void)worlds_->guarded([&](World& world, const WorldSymbols& symbols) -> Result<void> {
      contents = GlobalsImage::contents(world, map_, symbols);
      return {};
    });
  });
  if (!contents)
    return;
  ByteWriter out;
  out.u32(main_->function);
  out.u8(main_->returnsInt);
  map_.store(out);
  out.bytes += *contents;
  cache_->keepStart(startContext_, std::move(out.bytes));
}

} // namespace kiln
