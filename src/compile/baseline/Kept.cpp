// What earlier runs kept of the tier, and what this one gives.
#include <algorithm>

#include "compile/baseline/Baseline.h"
#include "compile/baseline/Stored.h"
#include "compile/baseline/Work.h"
#include "compile/baseline/emit/Emission.h"
#include "support/BuildNote.h"
#include "support/Bytes.h"
#include "support/Clock.h"

namespace kiln::baseline {
namespace {

std::string textOf(const Refusal& refusal) {
  ByteWriter out;
  out.text(refusal.reason);
  out.text(refusal.instruction);
  return std::move(out.bytes);
}

Refusal refusalOf(std::string_view bytes, const std::string& function) {
  ByteReader in(bytes);
  Refusal refusal;
  refusal.reason = in.text();
  refusal.instruction = in.text();
  refusal.function = function;
  return refusal;
}

} // namespace

std::string Baseline::identity() const {
  const std::string build = ownBuildNote();
  if (build.empty() || settings_.osrAt != 0 || settings_.lines)
    return {};
  ByteWriter out;
  out.text(build);
  out.u8(settings_.count);
  out.u32(settings_.batch);
  out.u32(settings_.record);
  out.u8(settings_.recordLate);
  out.u32(settings_.registers);
  const asmjit::CpuFeatures features = featuresOf(settings_);
  for (std::size_t i = 0; i < features.bitWordCount(); ++i)
    out.u64(features.bits()[i]);
  return std::move(out.bytes);
}

/// Finds what the code names outside the program. False if a name is gone, or a number means nothing here.
bool Baseline::bind(Code& code) {
  for (RuntimeAddress& each : code.runtime) {
    switch (each.kind) {
    case RuntimeAddress::Kind::Kiln:
      break;
    case RuntimeAddress::Kind::Library:
      each.address = work_->libraryFunction(each.name.c_str());
      break;
    case RuntimeAddress::Kind::ThreadLocals:
      each.address = reinterpret_cast<std::uintptr_t>(work_->threadLocals());
      break;
    case RuntimeAddress::Kind::Name:
      if (each.id < parts_.map.externals.size())
        each.address = reinterpret_cast<std::uintptr_t>(work_->externalName(each.id).c_str());
      break;
    }
    if (each.address == 0)
      return false;
  }
  auto exists = [&](const Reference& to) {
    switch (to.target) {
    case Target::Slot:
    case Target::Stub:
    case Target::Counters:
      return to.id < parts_.map.functions.size();
    case Target::Data:
      return to.id < parts_.map.data.size();
    case Target::External:
      return to.id < parts_.map.externals.size();
    case Target::Runtime:
      return to.id < code.runtime.size();
    case Target::Loop:
      return to.id < code.loops.size();
    case Target::Profile:
    case Target::Code:
    case Target::Null:
      return true;
    }
    return false;
  };
  return std::ranges::all_of(code.fixups,
                             [&](const Fixup& fixup) {
                               return exists(fixup.to) && fixup.at + (fixup.end == 0 ? 8u : 4u) <= code.bytes.size();
                             }) &&
         std::ranges::all_of(code.types, exists) && exists(code.personality);
}

std::optional<std::variant<Version, Refusal, Error>> Baseline::restore(std::uint32_t function, bool record) {
  const std::uint64_t start = nowNanoseconds();
  auto kept = host_.kept ? host_.kept(function, record) : std::nullopt;
  if (!kept)
    return std::nullopt;
  if (kept->refused)
    return refusalOf(kept->bytes, parts_.map.functions[function].name);
  auto code = restoreCode(kept->bytes);
  if (!code || code->function != function || !bind(*code))
    return std::nullopt;
  auto version = install(std::move(code));
  if (!version)
    return version.error();
  version->cached = true;
  version->times.link = nowNanoseconds() - start;
  return *version;
}

void Baseline::keep(std::uint32_t function, bool record, const std::expected<std::unique_ptr<Code>, Refusal>& made,
                    std::uint64_t nanoseconds) {
  if (!made)
    host_.keep(function, record, textOf(made.error()), true, nanoseconds);
  else if (!(*made)->bound)
    host_.keep(function, record, storeCode(**made), false, nanoseconds);
}

} // namespace kiln::baseline
