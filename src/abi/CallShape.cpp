#include "abi/CallShape.h"

#include <algorithm>

#include <llvm/ADT/bit.h>
#include <llvm/IR/Attributes.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/DerivedTypes.h>

#include "abi/Leaves.h"

namespace kiln {
namespace {

using Refusal = std::unexpected<std::string>;
Refusal refuse(std::string reason) {
  return Refusal(std::move(reason));
}
using Checked = std::expected<void, std::string>;

/// A call takes its stack at once, without touching it page by page: no further than the guard area reaches.
constexpr std::uint64_t kMaxStackCopy = 1 << 20;

/// What the back end gives registers to: a scalar, or a vector that fits into one SSE register.
struct Unit {
  enum Kind { Integer, Half, Float, Double, Fp128, X86Fp80, Vector } kind = Integer;
  std::uint32_t word = 0;
  std::uint32_t bits = 64;     ///< of the integer, or of a lane's value
  std::uint32_t lanes = 1;     ///< of a vector
  std::uint32_t laneBytes = 0; ///< in the register: wider than the value for lanes of i1

  std::uint32_t words() const { return (bits + 63) / 64; }
};
using Units = llvm::SmallVector<Unit, 8>;

/// Takes types apart like the back end's ComputeValueVTs() and getVectorTypeBreakdownForCallingConv().
class Splitter {
public:
  Splitter(const llvm::DataLayout& layout, const char* subject, Units& units)
      : layout_(layout), subject_(subject), units_(units) {}

  /// The type's units, the first word being `word`; returns the word behind.
  std::expected<std::uint32_t, std::string> split(llvm::Type* type, std::uint32_t word);

private:
  Checked value(llvm::Type* type);
  Checked vector(llvm::FixedVectorType* type);
  Checked scalar(llvm::Type* type);
  Checked pointer(llvm::Type* type);
  void add(Unit unit);

  const llvm::DataLayout& layout_;
  const char* subject_;
  Units& units_;
  std::uint32_t word_ = 0;
};

std::expected<std::uint32_t, std::string> Splitter::split(llvm::Type* type, std::uint32_t word) {
  // Bounds the recursion over arrays as well.
  Leaves leaves;
  if (!leavesOf(type, layout_, leaves))
    return refuse(std::string(subject_) + " without a word form");
  word_ = word;
  if (Checked done = value(type); !done)
    return refuse(done.error());
  return word_;
}

void Splitter::add(Unit unit) {
  unit.word = word_;
  units_.push_back(unit);
  word_ += unit.kind == Unit::Vector ? unit.lanes : unit.words();
}

Checked Splitter::value(llvm::Type* type) {
  if (auto* record = llvm::dyn_cast<llvm::StructType>(type)) {
    for (llvm::Type* element : record->elements())
      if (Checked done = value(element); !done)
        return done;
    return {};
  }
  if (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) {
    if (wordsOf(array->getElementType()) == 0)
      return {};
    for (std::uint64_t i = 0; i < array->getNumElements(); ++i)
      if (Checked done = value(array->getElementType()); !done)
        return done;
    return {};
  }
  if (auto* lanes = llvm::dyn_cast<llvm::FixedVectorType>(type))
    return vector(lanes);
  return scalar(type);
}

Checked Splitter::pointer(llvm::Type* type) {
  if (layout_.getPointerTypeSizeInBits(type) != 64)
    return refuse("pointer of other than 64 bits");
  return {};
}

Checked Splitter::scalar(llvm::Type* type) {
  switch (type->getTypeID()) {
  case llvm::Type::IntegerTyID:
    add({.kind = Unit::Integer, .bits = type->getIntegerBitWidth()});
    return {};
  case llvm::Type::PointerTyID:
    add({.kind = Unit::Integer});
    return pointer(type);
  case llvm::Type::HalfTyID:
  case llvm::Type::BFloatTyID:
    add({.kind = Unit::Half, .bits = 16});
    return {};
  case llvm::Type::FloatTyID:
    add({.kind = Unit::Float, .bits = 32});
    return {};
  case llvm::Type::DoubleTyID:
    add({.kind = Unit::Double});
    return {};
  case llvm::Type::FP128TyID:
    add({.kind = Unit::Fp128, .bits = 128});
    return {};
  case llvm::Type::X86_FP80TyID:
    add({.kind = Unit::X86Fp80, .bits = 80});
    return {};
  default:
    return refuse(std::string(subject_) + " without a word form");
  }
}

Checked Splitter::vector(llvm::FixedVectorType* type) {
  llvm::Type* lane = type->getElementType();
  unsigned lanes = type->getNumElements();
  bool half = lane->isHalfTy() || lane->isBFloatTy();
  if (lanes == 1 && !half)
    return scalar(lane);
  unsigned bits = lane->isPointerTy() ? 64 : lane->getScalarSizeInBits();
  unsigned rounded = llvm::bit_ceil(lanes);
  // Wider ones are split, or not, by what the processor has. 32 lanes of i1 widen to 32 bytes.
  if (rounded * bits > 128 || (bits == 1 && rounded > 16))
    return refuse("vector " + std::string(subject_) + " wider than 128 bits");
  if (lane->isPointerTy())
    if (Checked done = pointer(lane); !done)
      return done;
  if (lane->isIntegerTy() && bits != 1 && bits != 8 && bits != 16 && bits != 32 && bits != 64)
    return refuse("vector " + std::string(subject_) + " with odd lanes");
  // A number of lanes that is no power of two is rounded up, and the register's width must come out. Otherwise each
  // lane goes by itself. Powers of two are legal whatever their width, and so are all vectors of halves.
  bool wholeRegister = rounded == lanes || half || (bits != 1 && rounded * bits == 128);
  if (!wholeRegister) {
    for (unsigned i = 0; i < lanes; ++i)
      if (Checked done = scalar(lane); !done)
        return done;
    return {};
  }
  // Lanes of i1 become as wide as fills the register.
  add({.kind = Unit::Vector, .bits = bits, .lanes = lanes, .laneBytes = bits == 1 ? 16 / lanes : bits / 8});
  return {};
}

Transfer extensionOf(const llvm::AttributeSet& attributes) {
  if (attributes.hasAttribute(llvm::Attribute::SExt))
    return Transfer::SignExtend;
  return attributes.hasAttribute(llvm::Attribute::ZExt) ? Transfer::ZeroExtend : Transfer::Copy;
}

constexpr std::uint32_t gprOffset(unsigned n) {
  return n * 8;
}
constexpr std::uint32_t sseOffset(unsigned n) {
  return offsetof(RegisterFile, sse) + n * 16;
}
constexpr std::uint32_t resultOffset(unsigned n) {
  return offsetof(RegisterFile, result) + n * 8;
}
constexpr std::uint32_t resultSseOffset(unsigned n) {
  return offsetof(RegisterFile, resultSse) + n * 16;
}
constexpr std::uint32_t resultX87Offset(unsigned n) {
  return offsetof(RegisterFile, resultX87) + n * 16;
}

std::uint8_t wordBits(const Unit& unit, std::uint32_t index) {
  return static_cast<std::uint8_t>(std::min(64U, unit.bits - index * 64));
}

/// A value that is in an SSE register, or in memory that was given it as if it were one.
void moveWhole(const Unit& unit, Area area, std::uint32_t offset, std::vector<Move>& moves) {
  if (unit.kind == Unit::Vector) {
    for (std::uint32_t i = 0; i < unit.lanes; ++i)
      moves.push_back({area, unit.bits == 1 ? Transfer::ZeroExtend : Transfer::Copy,
                       static_cast<std::uint8_t>(std::min(8U, unit.laneBytes)), static_cast<std::uint8_t>(unit.bits),
                       offset + i * unit.laneBytes, unit.word + i});
    return;
  }
  for (std::uint32_t i = 0; i < unit.words(); ++i)
    moves.push_back({area, Transfer::Copy, static_cast<std::uint8_t>(unit.kind == Unit::X86Fp80 && i == 1 ? 2 : 8),
                     wordBits(unit, i), offset + i * 8, unit.word + i});
}

/// Gives places to arguments, in order: the back end's CC_X86_64_C.
class ArgumentPlaces {
public:
  explicit ArgumentPlaces(CallShape& shape) : shape_(shape) {}
  void hiddenPointer() { ++shape_.gprUsed; }
  void place(const Unit& unit, const llvm::AttributeSet& attributes);
  void copy(std::uint32_t word, std::uint64_t bytes, std::uint32_t align);

private:
  void integer(const Unit& unit, Transfer extension);
  void word(const Move& move);
  std::uint32_t onStack(std::uint32_t bytes, std::uint32_t align);

  CallShape& shape_;
};

std::uint32_t ArgumentPlaces::onStack(std::uint32_t bytes, std::uint32_t align) {
  std::uint32_t offset = (shape_.stackBytes + align - 1) / align * align;
  shape_.stackBytes = offset + bytes;
  shape_.stackAlign = std::max(shape_.stackAlign, align);
  return offset;
}

void ArgumentPlaces::word(const Move& move) {
  Move placed = move;
  if (shape_.gprUsed < 6) {
    placed.offset = gprOffset(shape_.gprUsed++);
  } else {
    placed.area = Area::Stack;
    placed.offset = onStack(8, 8);
  }
  shape_.arguments.push_back(placed);
}

void ArgumentPlaces::integer(const Unit& unit, Transfer extension) {
  for (std::uint32_t i = 0; i < unit.words(); ++i) {
    Move move{Area::Registers, extension, 8, wordBits(unit, i), 0, unit.word + i};
    if (move.bits == 64)
      move.transfer = Transfer::Copy;
    // The first of several words may not take the last register; that is then lost to others as well.
    if (i == 0 && unit.words() > 1 && shape_.gprUsed >= 5) {
      shape_.gprUsed = 6;
      move.area = Area::Stack;
      move.offset = onStack(8, 16);
      shape_.arguments.push_back(move);
    } else {
      word(move);
    }
  }
}

void ArgumentPlaces::place(const Unit& unit, const llvm::AttributeSet& attributes) {
  if (unit.kind == Unit::Integer) {
    if (attributes.hasAttribute(llvm::Attribute::Nest)) {
      shape_.arguments.push_back({Area::Registers, Transfer::Copy, 8, 64, offsetof(RegisterFile, nest), unit.word});
      return;
    }
    return integer(unit, extensionOf(attributes));
  }
  if (unit.kind == Unit::X86Fp80)
    return moveWhole(unit, Area::Stack, onStack(16, 16), shape_.arguments);
  if (shape_.sseUsed < 8)
    return moveWhole(unit, Area::Registers, sseOffset(shape_.sseUsed++), shape_.arguments);
  bool wide = unit.kind == Unit::Fp128 || unit.kind == Unit::Vector;
  moveWhole(unit, Area::Stack, wide ? onStack(16, 16) : onStack(8, 8), shape_.arguments);
}

void ArgumentPlaces::copy(std::uint32_t word, std::uint64_t bytes, std::uint32_t align) {
  auto size = static_cast<std::uint32_t>(bytes);
  std::uint32_t slot = (std::max(size, 8U) + 7) / 8 * 8; // also for an empty struct
  align = std::max(align, 8U);
  shape_.copies.push_back({word, onStack(slot, align), size, align});
}

/// Gives registers to results: RetCC_X86_64_C, and what falls through to RetCC_X86_32. False if they do not fit.
class ResultPlaces {
public:
  ResultPlaces(CallShape& shape, bool threeScalars, Transfer extension)
      : shape_(shape), scalarRegisters_(threeScalars ? 3 : 2), extension_(extension) {}
  bool place(const Unit& unit);

private:
  bool integer(const Unit& unit);
  bool sse(const Unit& unit, unsigned registers);
  bool x87(const Unit& unit);

  CallShape& shape_;
  unsigned scalarRegisters_; ///< that may hold a float or a double: one more with fastcc and `inreg`
  Transfer extension_;
  unsigned gpr_ = 0;
  unsigned sse_ = 0;
};

bool ResultPlaces::integer(const Unit& unit) {
  for (std::uint32_t i = 0; i < unit.words(); ++i) {
    if (gpr_ == 3)
      return false;
    Move move{Area::Registers, extension_, 8, wordBits(unit, i), resultOffset(gpr_++), unit.word + i};
    if (move.bits == 64)
      move.transfer = Transfer::Copy;
    shape_.results.push_back(move);
  }
  return true;
}

bool ResultPlaces::sse(const Unit& unit, unsigned registers) {
  if (sse_ >= registers)
    return false;
  moveWhole(unit, Area::Registers, resultSseOffset(sse_++), shape_.results);
  return true;
}

bool ResultPlaces::x87(const Unit& unit) {
  if (shape_.x87Results == 2)
    return false;
  std::uint32_t offset = resultX87Offset(shape_.x87Results++);
  if (unit.kind == Unit::X86Fp80)
    moveWhole(unit, Area::Registers, offset, shape_.results);
  else
    shape_.results.push_back({Area::Registers, unit.kind == Unit::Float ? Transfer::FloatX87 : Transfer::DoubleX87, 10,
                              static_cast<std::uint8_t>(unit.bits), offset, unit.word});
  return true;
}

bool ResultPlaces::place(const Unit& unit) {
  switch (unit.kind) {
  case Unit::Integer:
    return integer(unit);
  case Unit::Half:
    return sse(unit, 3);
  case Unit::Float:
  case Unit::Double:
    return sse(unit, scalarRegisters_) || x87(unit);
  case Unit::Fp128:
    return sse(unit, 2);
  case Unit::Vector:
    return sse(unit, 4);
  case Unit::X86Fp80:
    return x87(unit);
  }
  return false;
}

/// The results in the memory behind the hidden pointer: the type's memory form.
Checked resultsInMemory(llvm::Type* type, const llvm::DataLayout& layout, CallShape& shape) {
  Leaves leaves;
  if (!leavesOf(type, layout, leaves))
    return refuse("result without a word form");
  shape.demoted = true;
  shape.x87Results = 0;
  shape.results.clear();
  for (const Leaf& leaf : leaves) {
    if (leaf.bytes == 0)
      return refuse("vector of bits in a result in memory");
    for (std::uint32_t i = 0; i < leaf.words; ++i) {
      bool integer = leaf.kind == LeafKind::Integer;
      auto bits = static_cast<std::uint8_t>(std::min(64U, leaf.bits - i * 64));
      shape.results.push_back({Area::Memory, integer && bits < 64 ? Transfer::ZeroExtend : Transfer::Copy,
                               static_cast<std::uint8_t>(std::min(8U, leaf.bytes - i * 8)), bits,
                               static_cast<std::uint32_t>(leaf.offset) + i * 8, leaf.word + i});
    }
  }
  auto align = static_cast<std::uint32_t>(layout.getPrefTypeAlign(type).value());
  shape.stackAlign = std::max(shape.stackAlign, align);
  shape.areaBytes = static_cast<std::uint32_t>(layout.getTypeAllocSize(type).getFixedValue());
  return {};
}

/// Attributes that change how a function is called in ways that no program of ours does without assembly at hand.
Checked checkConvention(llvm::CallingConv::ID convention, const llvm::AttributeList& attributes) {
  using namespace llvm::CallingConv;
  if (convention != C && convention != Fast && convention != Cold)
    return refuse("calling convention " + std::to_string(convention));
  if (attributes.hasFnAttr("no_caller_saved_registers"))
    return refuse("no_caller_saved_registers");
  llvm::StringRef features = attributes.getFnAttr("target-features").getValueAsString();
  if (!features.contains('-')) // as in most programs
    return {};
  for (const char* without : {"-sse", "-sse2", "+soft-float"})
    for (llvm::StringRef rest = features; !rest.empty(); rest = rest.split(',').second)
      if (rest.split(',').first == without)
        return refuse("function without SSE");
  return {};
}

/// `has` knows the attributes of an argument, or of all.
template <typename Has> Checked checkArgument(Has has) {
  static constexpr std::pair<llvm::Attribute::AttrKind, const char*> refused[] = {
      {llvm::Attribute::InAlloca, "inalloca argument"},     {llvm::Attribute::Preallocated, "preallocated argument"},
      {llvm::Attribute::SwiftSelf, "swiftself argument"},   {llvm::Attribute::SwiftError, "swifterror argument"},
      {llvm::Attribute::SwiftAsync, "swiftasync argument"},
  };
  for (auto [kind, reason] : refused)
    if (has(kind))
      return refuse(reason);
  return {};
}

/// The alignment of a `byval` copy, before the least one.
std::uint32_t copyAlign(const llvm::AttributeSet& attributes, llvm::Type* type, const llvm::DataLayout& layout) {
  llvm::MaybeAlign align = attributes.getStackAlignment();
  if (!align)
    align = attributes.getAlignment();
  return static_cast<std::uint32_t>(align.value_or(layout.getABITypeAlign(type)).value());
}

/// One word in an integer register, without further questions: what most arguments are.
bool isPlainInteger(const llvm::Type* type) {
  return type->isPointerTy() ? type->getPointerAddressSpace() == 0 : type->isIntegerTy() && type->getIntegerBitWidth() <= 64;
}

class Builder {
public:
  Builder(const llvm::AttributeList& attributes, llvm::CallingConv::ID convention, const llvm::DataLayout& layout)
      : attributes_(attributes), convention_(convention), layout_(layout), places_(shape_) {}
  std::expected<CallShape, std::string> build(llvm::FunctionType* type, llvm::ArrayRef<llvm::Type*> variadic);

private:
  Checked results(llvm::Type* type);
  Checked argument(llvm::Type* type, unsigned index);
  void finish();
  FastCall fastCall();

  const llvm::AttributeList& attributes_;
  llvm::CallingConv::ID convention_;
  const llvm::DataLayout& layout_;
  bool special_ = false; ///< an argument has attributes that are refused
  CallShape shape_;
  ArgumentPlaces places_;
};

Checked Builder::results(llvm::Type* type) {
  if (type->isVoidTy())
    return {};
  Units units;
  auto words = Splitter(layout_, "result", units).split(type, 0);
  if (!words)
    return refuse(words.error());
  shape_.resultWords = *words;
  llvm::AttributeSet attributes = attributes_.getRetAttrs();
  bool threeScalars = convention_ == llvm::CallingConv::Fast || attributes.hasAttribute(llvm::Attribute::InReg);
  ResultPlaces places(shape_, threeScalars, extensionOf(attributes));
  for (const Unit& unit : units)
    if (!places.place(unit))
      return resultsInMemory(type, layout_, shape_);
  return {};
}

Checked Builder::argument(llvm::Type* type, unsigned index) {
  llvm::AttributeSet attributes = attributes_.getParamAttrs(index);
  if (special_)
    if (Checked done = checkArgument([&](auto kind) { return attributes.hasAttribute(kind); }); !done)
      return done;
  if (llvm::Type* copied = attributes.getByValType()) {
    std::uint64_t bytes = layout_.getTypeAllocSize(copied).getFixedValue();
    std::uint32_t align = copyAlign(attributes, copied, layout_);
    if (bytes > kMaxStackCopy || align > kMaxStackCopy)
      return refuse("byval argument too large");
    places_.copy(shape_.argumentWords++, bytes, align);
    return {};
  }
  if (isPlainInteger(type) && !attributes.hasAttribute(llvm::Attribute::StructRet)) {
    places_.place({.kind = Unit::Integer, .word = shape_.argumentWords++, .bits = type->isPointerTy() ? 64 : type->getIntegerBitWidth()}, attributes);
    return {};
  }
  Units units;
  auto words = Splitter(layout_, "argument", units).split(type, shape_.argumentWords);
  if (!words)
    return refuse(words.error());
  shape_.argumentWords = *words;
  if (attributes.hasAttribute(llvm::Attribute::StructRet))
    shape_.sretGpr = static_cast<std::int8_t>(shape_.gprUsed);
  for (const Unit& unit : units)
    places_.place(unit, attributes);
  return {};
}

FastCall Builder::fastCall() {
  if (shape_.demoted || !shape_.copies.empty() || shape_.stackBytes != 0 || shape_.results.size() > 1)
    return FastCall::None;
  auto inOrder = [&](std::uint32_t first, std::uint32_t stride) {
    for (std::uint32_t i = 0; i < shape_.arguments.size(); ++i)
      if (shape_.arguments[i] != Move{.bits = shape_.arguments[i].bits, .offset = first + i * stride, .word = i})
        return false;
    return true;
  };
  if (shape_.sseUsed == 0 && inOrder(0, 8)) {
    if (shape_.results.empty())
      return FastCall::Integers;
    const Move& result = shape_.results[0];
    if (result.offset != resultOffset(0) || result.word != 0)
      return FastCall::None;
    shape_.resultMask = result.bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << result.bits) - 1;
    return FastCall::Integers;
  }
  auto isDouble = [](const Move& move) { return move.bits == 64; };
  bool doubles = shape_.gprUsed == 0 && shape_.arguments.size() == shape_.sseUsed && shape_.sseUsed <= 4 &&
                 shape_.results.size() == 1 && shape_.results[0].offset == resultSseOffset(0) &&
                 isDouble(shape_.results[0]) && inOrder(sseOffset(0), 16) &&
                 std::ranges::all_of(shape_.arguments, isDouble);
  return doubles ? FastCall::Doubles : FastCall::None;
}

void Builder::finish() {
  std::uint32_t resultBytes = shape_.areaBytes;
  auto aligned = [&](std::uint32_t bytes) {
    return (bytes + shape_.stackAlign - 1) / shape_.stackAlign * shape_.stackAlign;
  };
  shape_.resultOffset = aligned(shape_.stackBytes);
  shape_.areaBytes = shape_.resultOffset + aligned(resultBytes);
  shape_.preservesMost = convention_ == llvm::CallingConv::Cold;
  shape_.fast = fastCall();
}

std::expected<CallShape, std::string> Builder::build(llvm::FunctionType* type, llvm::ArrayRef<llvm::Type*> variadic) {
  if (Checked done = checkConvention(convention_, attributes_); !done)
    return refuse(done.error());
  special_ = !checkArgument([&](auto kind) { return attributes_.hasAttrSomewhere(kind); });
  shape_.variadic = type->isVarArg();
  shape_.arguments.reserve(type->getNumParams() + variadic.size());
  if (Checked done = results(type->getReturnType()); !done)
    return refuse(done.error());
  // LLVM itself restores the other registers to what they were before the call.
  if (convention_ == llvm::CallingConv::Cold && !shape_.demoted &&
      (shape_.results.size() > 1 || (shape_.results.size() == 1 && shape_.results[0].offset != resultOffset(0))))
    return refuse("coldcc result outside RAX");
  if (shape_.demoted)
    places_.hiddenPointer();
  unsigned index = 0;
  for (llvm::ArrayRef<llvm::Type*> some : {type->params(), variadic})
    for (llvm::Type* each : some)
      if (Checked done = argument(each, index++); !done)
        return refuse(done.error());
  finish();
  return std::move(shape_);
}

} // namespace

std::expected<CallShape, std::string> callShape(llvm::FunctionType* type, const llvm::AttributeList& attributes,
                                                llvm::CallingConv::ID convention,
                                                llvm::ArrayRef<llvm::Type*> variadicArguments,
                                                const llvm::DataLayout& layout) {
  return Builder(attributes, convention, layout).build(type, variadicArguments);
}

std::expected<const CallShape*, std::string> CallShapes::of(llvm::FunctionType* type, const llvm::AttributeList& attributes,
                                                            llvm::CallingConv::ID convention,
                                                            llvm::ArrayRef<llvm::Type*> variadicArguments,
                                                            const llvm::DataLayout& layout) {
  if (!variadicArguments.empty()) {
    // As if they were named, which for the shape makes no difference.
    llvm::SmallVector<llvm::Type*, 8> arguments(type->params());
    arguments.append(variadicArguments.begin(), variadicArguments.end());
    type = llvm::FunctionType::get(type->getReturnType(), arguments, true);
  }
  auto [known, fresh] = known_.try_emplace({type, attributes.getRawPointer(), convention}, nullptr);
  if (!fresh && known->second)
    return known->second;
  auto shape = callShape(type, attributes, convention, {}, layout);
  if (!shape)
    return refuse(shape.error());
  return known->second = &shapes_.emplace_back(std::move(*shape));
}

} // namespace kiln
