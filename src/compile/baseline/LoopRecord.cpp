#include "compile/baseline/LoopRecord.h"


#include <cerrno>
#include <cstring>

#include "compile/baseline/Baseline.h"
#include "support/CancelState.h"

namespace kiln::baseline {
namespace {

std::uint64_t readWord(const StateWord& word, const SavedRegisters& registers, const std::byte* frame) {
  std::uint64_t value = 0;
  switch (word.kind) {
  case StateWord::Kind::Zero:
  case StateWord::Kind::Constant: break;
  case StateWord::Kind::FrameAddress: value = reinterpret_cast<std::uintptr_t>(frame); break;
  case StateWord::Kind::Frame: memcpy(&value, frame + word.offset, word.bytes); break;
  case StateWord::Kind::Register: {
    const auto* from = word.reg < kFirstXmm ? reinterpret_cast<const std::byte*>(&registers.gpr[word.reg])
                                            : reinterpret_cast<const std::byte*>(registers.xmm[word.reg - kFirstXmm]);
    memcpy(&value, from + word.offset, word.bytes);
    break;
  }
  }
  if (word.mask)
    value &= 1;
  return value + static_cast<std::uint64_t>(word.addend);
}

} // namespace

/// What Loop.S gets back: in RAX and RDX.
struct Arrival {
  std::uintptr_t continuation; ///< 0: none
  std::uint64_t stateBytes;    ///< a multiple of 16
};

} // namespace kiln::baseline

using namespace kiln::baseline;

extern "C" {

__attribute__((visibility("hidden"))) Arrival kiln_baseline_arrive(LoopRecord* record) {
  Arrival arrival{};
  const int saved = errno;
  const kiln::CancelState cancel;
  arrival.continuation = record->owner->arrive(*record);
  if (arrival.continuation)
    arrival.stateBytes = (record->recipe.load(std::memory_order_acquire)->size() * 8 + 15) / 16 * 16;
  errno = saved;
  cancel.restore();
  return arrival;
}

__attribute__((visibility("hidden"))) std::uintptr_t kiln_baseline_capture(LoopRecord* record, const SavedRegisters* registers,
                                                                            const std::byte* frame, std::uint64_t* state) {
  for (const StateWord& word : *record->recipe.load(std::memory_order_acquire))
    *state++ = readWord(word, *registers, frame);
  std::uintptr_t hidden = 0;
  if (record->code->hiddenSlot != 0)
    memcpy(&hidden, frame + record->code->hiddenSlot, sizeof hidden);
  return hidden;
}
}
