// Integers of up to 64 bits.
#include <type_traits>

#include "interp/ops/Arithmetic.h"

namespace kiln::interp {
namespace {

template <IntOp O> constexpr bool kOverflows = O >= IntOp::SAddOver;

template <IntOp O, unsigned W> bool withOverflow(typename Types<W>::U a, typename Types<W>::U b, typename Types<W>::U& out) {
  using enum IntOp;
  using S = typename Types<W>::S;
  S x = static_cast<S>(a), y = static_cast<S>(b), s = 0;
  bool over = false;
  if constexpr (O == UAddOver) return __builtin_add_overflow(a, b, &out);
  if constexpr (O == USubOver) return __builtin_sub_overflow(a, b, &out);
  if constexpr (O == UMulOver) return __builtin_mul_overflow(a, b, &out);
  if constexpr (O == SAddOver) over = __builtin_add_overflow(x, y, &s);
  if constexpr (O == SSubOver) over = __builtin_sub_overflow(x, y, &s);
  if constexpr (O == SMulOver) over = __builtin_mul_overflow(x, y, &s);
  out = static_cast<typename Types<W>::U>(s);
  return over;
}

template <IntOp O, unsigned W, Form F> KILN_HANDLER Word binary(Op* ip, Word* frame) {
  using U = typename Types<W>::U;
  U a, b;
  if constexpr (F == Form::KR)
    a = constant<U>(ip);
  else
    a = get<U>(frame, ip->a);
  if constexpr (F == Form::RK)
    b = constant<U>(ip);
  else
    b = get<U>(frame, ip->b);
  if constexpr (kOverflows<O>) {
    U out;
    bool over = withOverflow<O, W>(a, b, out);
    put<U>(frame, ip->d, out);
    frame[ip->d + 1] = over;
  } else {
    put<U>(frame, ip->d, Binary<O, W>::apply(a, b));
  }
  KILN_NEXT(F == Form::RR ? 2 : 3);
}

template <unsigned W> typename Types<W>::U reverseBits(typename Types<W>::U value) {
  if constexpr (W == 0) return __builtin_bitreverse8(value);
  if constexpr (W == 1) return __builtin_bitreverse16(value);
  if constexpr (W == 2) return __builtin_bitreverse32(value);
  if constexpr (W == 3) return __builtin_bitreverse64(value);
}

template <IntUnary O, unsigned W> KILN_HANDLER Word unary(Op* ip, Word* frame) {
  using enum IntUnary;
  using U = typename Types<W>::U;
  U a = get<U>(frame, ip->a), out = 0;
  constexpr unsigned bits = 8 * sizeof(U);
  if constexpr (O == Ctpop) out = static_cast<U>(__builtin_popcountll(a));
  if constexpr (O == Ctlz) out = static_cast<U>(a ? __builtin_clzll(a) - (64 - static_cast<int>(bits)) : bits);
  if constexpr (O == Cttz) out = static_cast<U>(a ? __builtin_ctzll(a) : bits);
  if constexpr (O == Bswap) out = sizeof(U) == 1 ? a : static_cast<U>(__builtin_bswap64(a) >> (64 - bits));
  if constexpr (O == BitReverse) out = reverseBits<W>(a);
  if constexpr (O == Abs) out = static_cast<typename Types<W>::S>(a) < 0 ? static_cast<U>(0 - a) : a;
  put<U>(frame, ip->d, out);
  KILN_NEXT(2);
}

template <Predicate P, unsigned W, bool K> KILN_HANDLER Word compare(Op* ip, Word* frame) {
  using U = typename Types<W>::U;
  U a = get<U>(frame, ip->a), b;
  if constexpr (K)
    b = constant<U>(ip);
  else
    b = get<U>(frame, ip->b);
  frame[ip->d] = holds<P, W>(a, b);
  KILN_NEXT(K ? 3 : 2);
}

template <unsigned W> KILN_HANDLER Word sext(Op* ip, Word* frame) {
  put<std::int64_t>(frame, ip->d, get<typename Types<W>::S>(frame, ip->a));
  KILN_NEXT(2);
}

template <unsigned W> KILN_HANDLER Word zext(Op* ip, Word* frame) {
  put(frame, ip->d, get<typename Types<W>::U>(frame, ip->a));
  KILN_NEXT(2);
}

KILN_HANDLER Word sextFrom(Op* ip, Word* frame) {
  put<std::int64_t>(frame, ip->d, static_cast<std::int64_t>(frame[ip->a] << (ip->c & 63)) >> (ip->c & 63));
  KILN_NEXT(2);
}

template <bool Left, unsigned W> KILN_HANDLER Word funnel(Op* ip, Word* frame) {
  using U = typename Types<W>::U;
  constexpr unsigned bits = 8 * sizeof(U);
  U high = get<U>(frame, ip->a), low = get<U>(frame, ip->b);
  unsigned by = get<U>(frame, ip->c) & (bits - 1);
  U out;
  if constexpr (Left)
    out = by ? static_cast<U>(high << by | low >> (bits - by)) : high;
  else
    out = by ? static_cast<U>(high << (bits - by) | low >> by) : low;
  put<U>(frame, ip->d, out);
  KILN_NEXT(2);
}

template <bool KTrue, bool KFalse> KILN_HANDLER Word choose(Op* ip, Word* frame) {
  bool condition = frame[ip->a] & 1;
  Word yes, no;
  if constexpr (KTrue)
    yes = ip->k[0];
  else
    yes = frame[ip->b];
  if constexpr (KFalse)
    no = ip->k[KTrue];
  else
    no = frame[KTrue ? ip->b : ip->c];
  frame[ip->d] = condition ? yes : no;
  KILN_NEXT(2 + KTrue + KFalse);
}

KILN_HANDLER Word chooseWords(Op* ip, Word* frame) {
  memmove(frame + ip->d, frame + (frame[ip->a] & 1 ? ip->b : ip->c), ip->k[0] * sizeof(Word));
  KILN_NEXT(3);
}

constexpr auto kBinary = handlerTable<static_cast<std::size_t>(IntOp::Count) * 12>(
    []<std::size_t i>() -> Handler {
      return binary<static_cast<IntOp>(i / 12), i / 3 % 4, static_cast<Form>(i % 3)>;
    });
constexpr auto kUnary = handlerTable<static_cast<std::size_t>(IntUnary::Count) * 4>(
    []<std::size_t i>() -> Handler { return unary<static_cast<IntUnary>(i / 4), i % 4>; });
constexpr auto kCompare = handlerTable<static_cast<std::size_t>(Predicate::Count) * 8>(
    []<std::size_t i>() -> Handler { return compare<static_cast<Predicate>(i / 8), i / 2 % 4, i % 2 != 0>; });
constexpr Handler kSext[] = {sext<0>, sext<1>, sext<2>};
constexpr Handler kZext[] = {zext<0>, zext<1>, zext<2>};
constexpr Handler kFunnel[] = {funnel<false, 0>, funnel<false, 1>, funnel<false, 2>, funnel<false, 3>,
                               funnel<true, 0>,  funnel<true, 1>,  funnel<true, 2>,  funnel<true, 3>};
constexpr Handler kChoose[] = {choose<false, false>, choose<false, true>, choose<true, false>, choose<true, true>};

} // namespace

Handler intBinary(IntOp op, Width width, Form form) {
  return kBinary[static_cast<unsigned>(op) * 12 + width * 3 + static_cast<unsigned>(form)];
}
Handler intUnary(IntUnary op, Width width) { return kUnary[static_cast<unsigned>(op) * 4 + width]; }
Handler intCompare(Predicate predicate, Width width, bool constant) {
  return kCompare[static_cast<unsigned>(predicate) * 8 + width * 2 + constant];
}
Handler signExtend(Width from) { return kSext[from]; }
Handler zeroExtend(Width from) { return kZext[from]; }
Handler signExtendFrom() { return sextFrom; }
Handler funnelShift(bool left, Width width) { return kFunnel[left * 4 + width]; }
Handler select(bool constantTrue, bool constantFalse) { return kChoose[constantTrue * 2 + constantFalse]; }
Handler selectWords() { return chooseWords; }

void listIntegerOps(const OpVisitor& visit) {
  auto name = [](std::string_view base, Width width) { return std::string(base) + dotWidth(width); };
  for (unsigned op = 0; op < std::size(kIntOpNames); ++op)
    for (Width width = 0; width < kWidthCount; ++width)
      for (unsigned form = 0; form < kFormCount; ++form)
        visit(intBinary(static_cast<IntOp>(op), width, static_cast<Form>(form)),
              name(kIntOpNames[op], width) += kFormSuffixes[form], kFormLayouts[form]);
  for (Width width = 0; width < kWidthCount; ++width) {
    for (unsigned op = 0; op < std::size(kIntUnaryNames); ++op)
      visit(intUnary(static_cast<IntUnary>(op), width), name(kIntUnaryNames[op], width), "d,a");
    for (unsigned p = 0; p < std::size(kPredicateNames); ++p)
      for (bool k : {false, true})
        visit(intCompare(static_cast<Predicate>(p), width, k),
              name(std::string("icmp.") += kPredicateNames[p], width) += k ? ".rk" : "", k ? "d,a,k" : "d,a,b");
    visit(funnelShift(true, width), name("fshl", width), "d,a,b,c");
    visit(funnelShift(false, width), name("fshr", width), "d,a,b,c");
    if (width == 3)
      continue;
    visit(signExtend(width), name("sext", width), "d,a");
    visit(zeroExtend(width), name("zext", width), "d,a");
  }
  visit(sextFrom, "sext.from", "d,a,c");
  visit(kChoose[0], "select", "d,a,b,c");
  visit(kChoose[1], "select.rk", "d,a,b,k");
  visit(kChoose[2], "select.kr", "d,a,b,k");
  visit(kChoose[3], "select.kk", "d,a,k,k");
  visit(chooseWords, "select.words", "d,a,b,c,k");
}

} // namespace kiln::interp
