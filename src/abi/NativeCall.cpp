#include "abi/NativeCall.h"

#include <cstring>

namespace kiln {
namespace {

constexpr std::uint64_t lowBits(unsigned bits) {
  return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

/// Constant sizes, so that no call of memcpy is made for the usual ones.
void copyBytes(std::byte* to, const std::byte* from, unsigned bytes) {
  switch (bytes) {
  case 8:
    std::memcpy(to, from, 8);
    break;
  case 4:
    std::memcpy(to, from, 4);
    break;
  case 2:
    std::memcpy(to, from, 2);
    break;
  case 1:
    *to = *from;
    break;
  default:
    std::memcpy(to, from, bytes);
    break;
  }
}

template <typename Format> void toX87(std::uint64_t word, std::byte* place) {
  Format value;
  std::memcpy(&value, &word, sizeof value);
  auto wide = static_cast<long double>(value);
  std::memcpy(place, &wide, 10);
}

template <typename Format> std::uint64_t fromX87(const std::byte* place) {
  long double wide = 0;
  std::memcpy(&wide, place, 10);
  auto value = static_cast<Format>(wide);
  std::uint64_t word = 0;
  std::memcpy(&word, &value, sizeof value);
  return word;
}

void put(const Move& move, std::uint64_t word, std::byte* place) {
  switch (move.transfer) {
  case Transfer::Copy:
    break;
  case Transfer::ZeroExtend:
    word &= lowBits(move.bits);
    break;
  case Transfer::SignExtend: {
    unsigned above = 64 - move.bits;
    word = static_cast<std::uint64_t>(static_cast<std::int64_t>(word << above) >> above);
    break;
  }
  case Transfer::FloatX87:
    return toX87<float>(word, place);
  case Transfer::DoubleX87:
    return toX87<double>(word, place);
  }
  copyBytes(place, reinterpret_cast<const std::byte*>(&word), move.bytes);
}

std::uint64_t take(const Move& move, const std::byte* place) {
  if (move.transfer == Transfer::FloatX87)
    return fromX87<float>(place);
  if (move.transfer == Transfer::DoubleX87)
    return fromX87<double>(place);
  std::uint64_t word = 0;
  copyBytes(reinterpret_cast<std::byte*>(&word), place, move.bytes);
  return word & lowBits(move.bits);
}

std::byte* bytesOf(RegisterFile& registers) {
  return reinterpret_cast<std::byte*>(&registers);
}
const std::byte* bytesOf(const RegisterFile& registers) {
  return reinterpret_cast<const std::byte*>(&registers);
}

using Word = std::uint64_t;

/// The prototypes end in `...` so that AL is set, whether the callee looks at it or not.
__attribute__((no_sanitize("function"))) Word callIntegers(unsigned count, const void* target, const Word* a) {
  auto* one = reinterpret_cast<Word (*)(Word, ...)>(reinterpret_cast<std::uintptr_t>(target));
  switch (count) {
  case 0:
    return reinterpret_cast<Word (*)(...)>(one)();
  case 1:
    return one(a[0]);
  case 2:
    return one(a[0], a[1]);
  case 3:
    return one(a[0], a[1], a[2]);
  case 4:
    return one(a[0], a[1], a[2], a[3]);
  case 5:
    return one(a[0], a[1], a[2], a[3], a[4]);
  default:
    return one(a[0], a[1], a[2], a[3], a[4], a[5]);
  }
}

__attribute__((no_sanitize("function"))) double callDoubles(unsigned count, const void* target, const Word* words) {
  double a[4] = {};
  std::memcpy(a, words, count * sizeof(double));
  auto* one = reinterpret_cast<double (*)(double, ...)>(reinterpret_cast<std::uintptr_t>(target));
  switch (count) {
  case 0:
    return reinterpret_cast<double (*)(...)>(one)();
  case 1:
    return one(a[0]);
  case 2:
    return one(a[0], a[1]);
  case 3:
    return one(a[0], a[1], a[2]);
  default:
    return one(a[0], a[1], a[2], a[3]);
  }
}

} // namespace

// From NativeCall.S, around the call. `area` is where the target finds its stack arguments.
extern "C" void kiln_place_arguments(const CallShape* shape, const std::uint64_t* image, RegisterFile* registers,
                                     std::byte* area) {
  registers->sseUsed = shape->sseUsed;
  registers->x87Results = shape->x87Results;
  if (shape->demoted)
    registers->gpr[0] = reinterpret_cast<std::uintptr_t>(area + shape->resultOffset);
  std::byte* places[] = {bytesOf(*registers), area};
  for (const Move& move : shape->arguments)
    put(move, image[move.word], places[static_cast<unsigned>(move.area)] + move.offset);
  for (const StackCopy& copy : shape->copies)
    if (copy.bytes != 0)
      std::memcpy(area + copy.offset, reinterpret_cast<const void*>(image[copy.word]), copy.bytes);
}

extern "C" void kiln_take_results(const CallShape* shape, const RegisterFile* registers, std::uint64_t* image,
                                  const std::byte* area) {
  // Not the pointer from RAX: memory behind a hidden pointer of our own is where we have put it.
  const std::byte* base = shape->demoted ? area + shape->resultOffset : bytesOf(*registers);
  for (const Move& move : shape->results)
    image[move.word] = take(move, base + move.offset);
}

extern "C" void kiln_call_native(const CallShape* shape, const void* target, const std::uint64_t* arguments,
                                 std::uint64_t* results, std::uint64_t areaBytes, std::int64_t alignMask);

void callNative(const CallShape& shape, const void* target, const std::uint64_t* arguments, std::uint64_t* results) {
  switch (shape.fast) {
  case FastCall::Integers: {
    Word result = callIntegers(shape.gprUsed, target, arguments);
    if (shape.resultWords != 0)
      results[0] = result & shape.resultMask;
    return;
  }
  case FastCall::Doubles: {
    double result = callDoubles(shape.sseUsed, target, arguments);
    std::memcpy(results, &result, sizeof result);
    return;
  }
  case FastCall::None:
    kiln_call_native(&shape, target, arguments, results, shape.areaBytes, -static_cast<std::int64_t>(shape.stackAlign));
  }
}

void readArguments(const CallShape& shape, const RegisterFile& registers, std::byte* stack, std::uint64_t* image) {
  const std::byte* places[] = {bytesOf(registers), stack};
  for (const Move& move : shape.arguments)
    image[move.word] = take(move, places[static_cast<unsigned>(move.area)] + move.offset);
  for (const StackCopy& copy : shape.copies)
    image[copy.word] = reinterpret_cast<std::uintptr_t>(stack + copy.offset);
}

void writeResults(const CallShape& shape, const std::uint64_t* image, RegisterFile& registers) {
  std::byte* base = shape.demoted ? reinterpret_cast<std::byte*>(registers.gpr[0]) : bytesOf(registers);
  for (const Move& move : shape.results)
    put(move, image[move.word], base + move.offset);
  if (shape.demoted)
    registers.result[0] = registers.gpr[0];
  else if (shape.sretGpr >= 0)
    registers.result[0] = registers.gpr[shape.sretGpr];
  registers.x87Results = shape.x87Results;
}

VaList startVariadic(const CallShape& shape, RegisterFile& registers, std::byte* stack) {
  return {static_cast<std::uint32_t>(shape.gprUsed * sizeof(std::uint64_t)),
          static_cast<std::uint32_t>(offsetof(RegisterFile, sse) + shape.sseUsed * sizeof(SseRegister)),
          stack + shape.stackBytes, bytesOf(registers)};
}

} // namespace kiln
