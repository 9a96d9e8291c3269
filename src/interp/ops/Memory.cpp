// Loads, stores, addresses, moves and blocks of memory.
#include "interp/Sites.h"
#include "interp/ops/Access.h"
#include "program/ThreadLocals.h"

namespace kiln::interp {
namespace {

template <LoadKind K> struct Loaded;
template <> struct Loaded<LoadKind::U8> { using T = std::uint8_t; };
template <> struct Loaded<LoadKind::U16> { using T = std::uint16_t; };
template <> struct Loaded<LoadKind::U32> { using T = std::uint32_t; };
template <> struct Loaded<LoadKind::U64> { using T = std::uint64_t; };
template <> struct Loaded<LoadKind::S8> { using T = std::int8_t; };
template <> struct Loaded<LoadKind::S16> { using T = std::int16_t; };
template <> struct Loaded<LoadKind::S32> { using T = std::int32_t; };

/// Where an op's address comes from, and how many words the op has.
struct Offset {
  static constexpr unsigned kWords = 2;
  static Word address(const Op* ip, const Word* frame) {
    return frame[ip->y] + static_cast<Word>(std::int64_t{ip->offset});
  }
};
struct Absolute {
  static constexpr unsigned kWords = 3;
  static Word address(const Op* ip, const Word*) { return ip->k[0]; }
};
template <IndexKind I, unsigned Scale> struct Indexed {
  static constexpr unsigned kWords = 2;
  static Word address(const Op* ip, const Word* frame) {
    return frame[ip->a] + scaled<I, Scale>(frame, ip->b) + static_cast<Word>(std::int64_t{static_cast<std::int16_t>(ip->c)});
  }
};
template <IndexKind I, unsigned Scale> struct AbsoluteIndexed {
  static constexpr unsigned kWords = 3;
  static Word address(const Op* ip, const Word* frame) { return ip->k[0] + scaled<I, Scale>(frame, ip->b); }
};

template <LoadKind K, typename Address> KILN_HANDLER Word load(Op* ip, Word* frame) {
  using T = typename Loaded<K>::T;
  T value = read<T>(Address::address(ip, frame));
  if constexpr (std::is_signed_v<T>)
    put<std::int64_t>(frame, ip->d, value);
  else
    put<T>(frame, ip->d, value);
  KILN_NEXT(Address::kWords);
}

template <unsigned W, typename Address> KILN_HANDLER Word store(Op* ip, Word* frame) {
  using U = typename Types<W>::U;
  write<U>(Address::address(ip, frame), get<U>(frame, ip->d));
  KILN_NEXT(Address::kWords);
}

/// The value stands behind the address's words.
template <unsigned W, typename Address> KILN_HANDLER Word storeConstant(Op* ip, Word* frame) {
  using U = typename Types<W>::U;
  write<U>(Address::address(ip, frame), constant<U>(ip, Address::kWords - kOpWords));
  KILN_NEXT(Address::kWords + 1);
}

template <typename Address> KILN_HANDLER Word address(Op* ip, Word* frame) {
  frame[ip->d] = Address::address(ip, frame);
  KILN_NEXT(Address::kWords);
}

template <IndexKind I> KILN_HANDLER Word addressTimes(Op* ip, Word* frame) {
  frame[ip->d] = scaled<I, 0>(frame, ip->a) * ip->k[0] + frame[ip->b];
  KILN_NEXT(3);
}

KILN_HANDLER Word loadSome(Op* ip, Word* frame) {
  Word value = 0;
  memcpy(&value, reinterpret_cast<const void*>(frame[ip->a]), ip->c);
  frame[ip->d] = value;
  KILN_NEXT(2);
}

KILN_HANDLER Word storeSome(Op* ip, Word* frame) {
  memcpy(reinterpret_cast<void*>(frame[ip->a]), frame + ip->d, ip->c);
  KILN_NEXT(2);
}

KILN_HANDLER Word addressInFrame(Op* ip, Word* frame) {
  frame[ip->x] = reinterpret_cast<Word>(frame) + static_cast<Word>(std::int64_t{ip->offset});
  KILN_NEXT(2);
}

KILN_HANDLER Word moveOne(Op* ip, Word* frame) {
  frame[ip->d] = frame[ip->a];
  KILN_NEXT(2);
}
KILN_HANDLER Word moveTwice(Op* ip, Word* frame) {
  frame[ip->d] = frame[ip->a];
  frame[ip->b] = frame[ip->c];
  KILN_NEXT(2);
}
KILN_HANDLER Word setOne(Op* ip, Word* frame) {
  frame[ip->d] = ip->k[0];
  KILN_NEXT(3);
}
KILN_HANDLER Word moveMany(Op* ip, Word* frame) {
  memmove(frame + ip->d, frame + ip->a, ip->c * sizeof(Word));
  KILN_NEXT(2);
}
KILN_HANDLER Word setMany(Op* ip, Word* frame) {
  memcpy(frame + ip->d, ip->k + 1, ip->k[0] * sizeof(Word));
  KILN_NEXT(3 + ip->k[0]);
}

template <Block B> KILN_HANDLER Word block(Op* ip, Word* frame) {
  auto* to = reinterpret_cast<void*>(frame[ip->a]);
  Word size = frame[ip->c];
  if (auto* sizes = reinterpret_cast<ValueCounts*>(ip->k[0]))
    sizes->record(size);
  if constexpr (B == Block::Copy)
    memcpy(to, reinterpret_cast<const void*>(frame[ip->b]), size);
  else if constexpr (B == Block::Move)
    memmove(to, reinterpret_cast<const void*>(frame[ip->b]), size);
  else
    memset(to, static_cast<int>(frame[ip->b] & 0xff), size);
  KILN_NEXT(3);
}

KILN_HANDLER Word loadLane(Op* ip, Word* frame) {
  memcpy(frame + ip->d, frame + ip->a + frame[ip->b] % ip->k[0] * ip->c, ip->c * sizeof(Word));
  KILN_NEXT(3);
}
KILN_HANDLER Word storeLane(Op* ip, Word* frame) {
  memcpy(frame + ip->d + frame[ip->b] % ip->k[0] * ip->c, frame + ip->a, ip->c * sizeof(Word));
  KILN_NEXT(3);
}

KILN_HANDLER Word ownThreadLocal(Op* ip, Word* frame) {
  frame[ip->d] = reinterpret_cast<Word>(ThreadLocals::baseOf(reinterpret_cast<ThreadLocals*>(ip->k[0]))) + ip->k[1];
  KILN_NEXT(4);
}
KILN_HANDLER Word foreignThreadLocal(Op* ip, Word* frame) {
  frame[ip->d] = reinterpret_cast<Word>(ThreadLocals::external(reinterpret_cast<const char*>(ip->k[0])));
  KILN_NEXT(3);
}

template <std::size_t I> struct LoadForm {
  static constexpr LoadKind kKind = static_cast<LoadKind>(I / 12);
  static constexpr IndexKind kIndex = static_cast<IndexKind>(I / 4 % 3);
  static constexpr unsigned kScale = I % 4;
};
constexpr std::size_t kLoadKinds = static_cast<std::size_t>(LoadKind::Count);

constexpr auto kLoadOffset = handlerTable<kLoadKinds>([]<std::size_t i>() -> Handler { return load<static_cast<LoadKind>(i), Offset>; });
constexpr auto kLoadAbsolute =
    handlerTable<kLoadKinds>([]<std::size_t i>() -> Handler { return load<static_cast<LoadKind>(i), Absolute>; });
constexpr auto kLoadIndexed = handlerTable<kLoadKinds * 12>([]<std::size_t i>() -> Handler {
  using F = LoadForm<i>;
  return load<F::kKind, Indexed<F::kIndex, F::kScale>>;
});
constexpr auto kLoadAbsoluteIndexed = handlerTable<kLoadKinds * 12>([]<std::size_t i>() -> Handler {
  using F = LoadForm<i>;
  return load<F::kKind, AbsoluteIndexed<F::kIndex, F::kScale>>;
});
constexpr auto kStoreOffset = handlerTable<4>([]<std::size_t i>() -> Handler { return store<i, Offset>; });
constexpr auto kStoreOffsetConstant = handlerTable<4>([]<std::size_t i>() -> Handler { return storeConstant<i, Offset>; });
constexpr auto kStoreAbsolute = handlerTable<4>([]<std::size_t i>() -> Handler { return store<i, Absolute>; });
constexpr auto kStoreAbsoluteConstant = handlerTable<4>([]<std::size_t i>() -> Handler { return storeConstant<i, Absolute>; });
constexpr auto kStoreIndexed = handlerTable<48>([]<std::size_t i>() -> Handler {
  using F = LoadForm<i>;
  return store<i / 12, Indexed<F::kIndex, F::kScale>>;
});
constexpr auto kStoreAbsoluteIndexed = handlerTable<48>([]<std::size_t i>() -> Handler {
  using F = LoadForm<i>;
  return store<i / 12, AbsoluteIndexed<F::kIndex, F::kScale>>;
});
constexpr auto kAddressIndexed = handlerTable<12>([]<std::size_t i>() -> Handler {
  using F = LoadForm<i>;
  return address<Indexed<F::kIndex, F::kScale>>;
});
constexpr auto kAddressAbsoluteIndexed = handlerTable<12>([]<std::size_t i>() -> Handler {
  using F = LoadForm<i>;
  return address<AbsoluteIndexed<F::kIndex, F::kScale>>;
});
constexpr Handler kAddressScaled[] = {addressTimes<IndexKind::I64>, addressTimes<IndexKind::S32>, addressTimes<IndexKind::U32>};
constexpr Handler kBlock[] = {block<Block::Copy>, block<Block::Move>, block<Block::Set>};

template <typename Kind> constexpr unsigned at(Kind kind, IndexKind index, unsigned scale) {
  return static_cast<unsigned>(kind) * 12 + static_cast<unsigned>(index) * 4 + scale;
}

} // namespace

Handler loadOffset(LoadKind kind) { return kLoadOffset[static_cast<unsigned>(kind)]; }
Handler loadAbsolute(LoadKind kind) { return kLoadAbsolute[static_cast<unsigned>(kind)]; }
Handler loadIndexed(LoadKind kind, IndexKind index, unsigned scale) { return kLoadIndexed[at(kind, index, scale)]; }
Handler loadAbsoluteIndexed(LoadKind kind, IndexKind index, unsigned scale) {
  return kLoadAbsoluteIndexed[at(kind, index, scale)];
}
Handler storeOffset(Width width) { return kStoreOffset[width]; }
Handler storeOffsetConstant(Width width) { return kStoreOffsetConstant[width]; }
Handler storeAbsolute(Width width) { return kStoreAbsolute[width]; }
Handler storeAbsoluteConstant(Width width) { return kStoreAbsoluteConstant[width]; }
Handler storeIndexed(Width width, IndexKind index, unsigned scale) { return kStoreIndexed[at(width, index, scale)]; }
Handler storeAbsoluteIndexed(Width width, IndexKind index, unsigned scale) {
  return kStoreAbsoluteIndexed[at(width, index, scale)];
}
Handler loadBytes() { return loadSome; }
Handler storeBytes() { return storeSome; }
Handler addressOffset() { return address<Offset>; }
Handler addressIndexed(IndexKind index, unsigned scale) { return kAddressIndexed[at(0, index, scale)]; }
Handler addressAbsoluteIndexed(IndexKind index, unsigned scale) { return kAddressAbsoluteIndexed[at(0, index, scale)]; }
Handler addressScaled(IndexKind index) { return kAddressScaled[static_cast<unsigned>(index)]; }
Handler frameAddress() { return addressInFrame; }
Handler move() { return moveOne; }
Handler moveTwo() { return moveTwice; }
Handler moveConstant() { return setOne; }
Handler moveWords() { return moveMany; }
Handler copyConstants() { return setMany; }
Handler memoryBlock(Block block) { return kBlock[static_cast<unsigned>(block)]; }
Handler laneLoad() { return loadLane; }
Handler laneStore() { return storeLane; }
Handler threadLocal() { return ownThreadLocal; }
Handler threadLocalExternal() { return foreignThreadLocal; }

void listMemoryOps(const OpVisitor& visit) {
  constexpr std::string_view loads[] = {"load.u8", "load.u16", "load.u32", "load.u64", "load.s8", "load.s16", "load.s32"};
  constexpr std::string_view indices[] = {"", ".s32", ".u32"};
  auto form = [&](std::string name, unsigned index, unsigned scale) {
    return name + indices[index].data() + ".x" + std::to_string(1u << scale);
  };
  for (unsigned kind = 0; kind < kLoadKinds; ++kind) {
    std::string name(loads[kind]);
    visit(kLoadOffset[kind], name, "x,y,offset");
    visit(kLoadAbsolute[kind], name + ".abs", "d,k");
    for (unsigned index = 0; index < 3; ++index)
      for (unsigned scale = 0; scale < 4; ++scale) {
        unsigned n = kind * 12 + index * 4 + scale;
        visit(kLoadIndexed[n], form(name + ".idx", index, scale), "d,a,b,c");
        visit(kLoadAbsoluteIndexed[n], form(name + ".abs.idx", index, scale), "d,b,k");
      }
  }
  for (Width width = 0; width < kWidthCount; ++width) {
    std::string name = "store" + dotWidth(width);
    visit(kStoreOffset[width], name, "x,y,offset");
    visit(kStoreOffsetConstant[width], name + ".rk", "y,offset,k");
    visit(kStoreAbsolute[width], name + ".abs", "d,k");
    visit(kStoreAbsoluteConstant[width], name + ".abs.rk", "k,k");
    for (unsigned index = 0; index < 3; ++index)
      for (unsigned scale = 0; scale < 4; ++scale) {
        unsigned n = width * 12 + index * 4 + scale;
        visit(kStoreIndexed[n], form(name + ".idx", index, scale), "d,a,b,c");
        visit(kStoreAbsoluteIndexed[n], form(name + ".abs.idx", index, scale), "d,b,k");
      }
  }
  for (unsigned index = 0; index < 3; ++index) {
    visit(kAddressScaled[index], std::string("addr.mul") + indices[index].data(), "d,a,b,k");
    for (unsigned scale = 0; scale < 4; ++scale) {
      visit(kAddressIndexed[index * 4 + scale], form("addr.idx", index, scale), "d,a,b,c");
      visit(kAddressAbsoluteIndexed[index * 4 + scale], form("addr.abs.idx", index, scale), "d,b,k");
    }
  }
  visit(addressOffset(), "addr", "x,y,offset");
  visit(addressInFrame, "addr.frame", "x,offset");
  visit(loadSome, "load.bytes", "d,a,c");
  visit(storeSome, "store.bytes", "d,a,c");
  visit(moveOne, "move", "d,a");
  visit(moveTwice, "move.two", "d,a,b,c");
  visit(setOne, "move.k", "d,k");
  visit(moveMany, "move.words", "d,a,c");
  visit(setMany, "constants", "d,constants");
  visit(kBlock[0], "memcpy", "a,b,c,k");
  visit(kBlock[1], "memmove", "a,b,c,k");
  visit(kBlock[2], "memset", "a,b,c,k");
  visit(loadLane, "lane.load", "d,a,b,c,k");
  visit(storeLane, "lane.store", "d,a,b,c,k");
  visit(ownThreadLocal, "tls", "d,k,k");
  visit(foreignThreadLocal, "tls.external", "d,k");
  visit(allocate(), "alloca", "d,a,k");
  visit(stackSave(), "stack.save", "d");
  visit(stackRestore(), "stack.restore", "a");
}

} // namespace kiln::interp
