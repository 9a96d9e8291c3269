#include "compile/baseline/emit/Frame.h"

#include <cstring>

namespace kiln::baseline {
namespace {

/// Frames larger than this are touched page by page, so that a stack overflow meets the guard page.
constexpr std::uint32_t kProbedFrame = 4000;
/// What stands for the size until it is known; it makes the instruction long enough for any.
constexpr std::int32_t kSizeToCome = 0x7fffffff;

} // namespace

bool Frame::isNeeded() const {
  return plan_.usesFrame() || e_.shape->stackBytes > 0 || e_.shape->variadic || e_.shape->demoted ||
         e_.shape->sretGpr >= 0 || e_.options.loop != kNone || (countsLoops() && plan_.hasBackEdges());
}

void Frame::enter() {
  framed_ = isNeeded();
  if (!framed_)
    return;
  Code& out = *e_.out;
  a_.push(x86::rbp);
  out.frame.push_back({FrameStep::Kind::PushedRbp, a_.here()});
  a_.mov(x86::rbp, x86::rsp);
  out.frame.push_back({FrameStep::Kind::RbpIsFrame, a_.here()});
  probed_ = plan_.frameBytes() > kProbedFrame;
  if (probed_) {
    a_.long_().lea(x86::r11, x86::ptr(x86::rsp, -kSizeToCome));
    sizeAt_ = a_.here();
    Label touch = a_.newLabel();
    a_.bind(touch);
    a_.sub(x86::rsp, 4096);
    a_.or_(x86::dword_ptr(x86::rsp), 0);
    a_.cmp(x86::rsp, x86::r11);
    a_.ja(touch);
    a_.mov(x86::rsp, x86::r11);
  } else {
    a_.long_().sub(x86::rsp, kSizeToCome);
    sizeAt_ = a_.here();
  }
  std::int32_t offset = 0;
  for (Register reg : kCalleeSaved)
    if (plan_.usedCalleeSaved() & 1u << reg) {
      offset -= 8;
      a_.mov(frame(offset), gp(reg));
      out.frame.push_back({FrameStep::Kind::Saved, 0, reg, offset});
    }
  for (FrameStep& step : out.frame)
    if (step.kind == FrameStep::Kind::Saved)
      step.at = a_.here();
}

void Frame::leaveAndReturn() {
  leave();
  a_.ret();
  left();
}

void Frame::leave() {
  if (!framed_)
    return;
  std::int32_t offset = 0;
  for (Register reg : kCalleeSaved)
    if (plan_.usedCalleeSaved() & 1u << reg) {
      offset -= 8;
      a_.mov(gp(reg), frame(offset));
    }
  a_.leave();
  e_.out->frame.push_back({FrameStep::Kind::Leave, a_.here()});
}

void Frame::left() {
  if (framed_)
    e_.out->frame.push_back({FrameStep::Kind::LeftBehind, a_.here()});
}

void Frame::fillSize() {
  if (!framed_)
    return;
  const auto size = static_cast<std::int32_t>((plan_.frameBytes() + 15) / 16 * 16);
  const std::int32_t field = probed_ ? -size : size;
  memcpy(e_.out->bytes.data() + sizeAt_ - sizeof field, &field, sizeof field);
}

} // namespace kiln::baseline
