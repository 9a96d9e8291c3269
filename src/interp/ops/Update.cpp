// Ops that change memory in place: load, compute, store in one (x[i] += y, p->flags |= k).
#include "interp/ops/Access.h"
#include "interp/ops/Arithmetic.h"

namespace kiln::interp {
namespace {

constexpr IntOp kOps[] = {IntOp::Add, IntOp::Sub, IntOp::And, IntOp::Or, IntOp::Xor};
constexpr FloatOp kFloatOps[] = {FloatOp::Add, FloatOp::Sub, FloatOp::Mul};

template <std::size_t N, typename T> constexpr int indexIn(const T (&list)[N], T value) {
  for (std::size_t i = 0; i < N; ++i)
    if (list[i] == value)
      return static_cast<int>(i);
  return -1;
}

/// d is the base of the address, c its offset or the word of an index that counts elements.
template <typename T, bool Indexed> Word addressOf(const Op* ip, const Word* frame) {
  if constexpr (Indexed)
    return frame[ip->d] + frame[ip->c] * sizeof(T);
  else
    return frame[ip->d] + static_cast<Word>(std::int64_t{static_cast<std::int16_t>(ip->c)});
}

template <IntOp O, unsigned W, bool Indexed, bool Constant> KILN_HANDLER Word update(Op* ip, Word* frame) {
  using U = typename Types<W>::U;
  Word address = addressOf<U, Indexed>(ip, frame);
  U operand;
  if constexpr (Constant)
    operand = constant<U>(ip);
  else
    operand = get<U>(frame, ip->a);
  write<U>(address, Binary<O, W>::apply(read<U>(address), operand));
  KILN_NEXT(Constant ? 3 : 2);
}

template <FloatOp O, typename T, bool Indexed> KILN_HANDLER Word floatUpdate(Op* ip, Word* frame) {
  Word address = addressOf<T, Indexed>(ip, frame);
  T value = read<T>(address), operand = get<T>(frame, ip->a);
  if constexpr (O == FloatOp::Add)
    value = value + operand;
  else if constexpr (O == FloatOp::Sub)
    value = value - operand;
  else
    value = value * operand;
  write<T>(address, value);
  KILN_NEXT(2);
}

template <typename T, bool Indexed> KILN_HANDLER Word multiplyAddUpdate(Op* ip, Word* frame) {
  Word address = addressOf<T, Indexed>(ip, frame);
  T product = get<T>(frame, ip->a) * get<T>(frame, ip->b);
  write<T>(address, product + read<T>(address));
  KILN_NEXT(2);
}

constexpr auto kUpdate = handlerTable<std::size(kOps) * 16>([]<std::size_t i>() -> Handler {
  return update<kOps[i / 16], i / 4 % 4, (i & 2) != 0, (i & 1) != 0>;
});
constexpr auto kFloatUpdate = handlerTable<std::size(kFloatOps) * 4>([]<std::size_t i>() -> Handler {
  using T = std::conditional_t<(i & 2) != 0, double, float>;
  return floatUpdate<kFloatOps[i / 4], T, (i & 1) != 0>;
});
constexpr Handler kMultiplyAdd[] = {multiplyAddUpdate<float, false>, multiplyAddUpdate<float, true>,
                                    multiplyAddUpdate<double, false>, multiplyAddUpdate<double, true>};

bool hasUpdates(FloatType type) { return type == FloatType::Float || type == FloatType::Double; }

} // namespace

Handler intUpdate(IntOp op, Width width, bool indexed, bool constant) {
  int at = indexIn(kOps, op);
  return at < 0 ? nullptr : kUpdate[static_cast<unsigned>(at) * 16 + width * 4 + indexed * 2u + constant];
}
Handler floatUpdate(FloatOp op, FloatType type, bool indexed) {
  int at = hasUpdates(type) ? indexIn(kFloatOps, op) : -1;
  return at < 0 ? nullptr : kFloatUpdate[static_cast<unsigned>(at) * 4 + (type == FloatType::Double) * 2u + indexed];
}
Handler multiplyAddUpdate(FloatType type, bool indexed) {
  return hasUpdates(type) ? kMultiplyAdd[(type == FloatType::Double) * 2u + indexed] : nullptr;
}

void listUpdateOps(const OpVisitor& visit) {
  constexpr std::string_view floatNames[] = {"fadd", "fsub", "fmul"};
  for (bool indexed : {false, true}) {
    std::string tail = indexed ? ".update.idx" : ".update";
    for (Width width = 0; width < kWidthCount; ++width)
      for (IntOp op : kOps)
        for (bool constant : {false, true})
          visit(intUpdate(op, width, indexed, constant),
                std::string(kIntOpNames[static_cast<unsigned>(op)]) + dotWidth(width) + tail + (constant ? ".rk" : ""),
                constant ? "d,c,k" : "d,a,c");
    for (FloatType type : {FloatType::Float, FloatType::Double}) {
      std::string typed = (type == FloatType::Float ? ".f32" : ".f64") + tail;
      for (unsigned i = 0; i < std::size(kFloatOps); ++i)
        visit(floatUpdate(kFloatOps[i], type, indexed), std::string(floatNames[i]) + typed, "d,a,c");
      visit(multiplyAddUpdate(type, indexed), "fmuladd" + typed, "d,a,b,c");
    }
  }
}

} // namespace kiln::interp
