#include "program/AttributeTable.h"

#include <llvm/ADT/SmallString.h>
#include <llvm/Bitcode/LLVMBitCodes.h>
#include <llvm/IR/ConstantRange.h>

#include <algorithm>

namespace kiln {
namespace {

using Kind = llvm::Attribute::AttrKind;

/// How the first word of an attribute says what follows: its kind, and for some a value, texts, a type or a range.
enum Form : std::uint64_t { Enum = 0, Integer = 1, Text = 3, TextAndValue = 4, Typeless = 5, Typed = 6, Range = 7 };

/// Bitcode's numbers never change; LLVM's own are those of this version. None for what this version no longer writes.
Kind kindOf(std::uint64_t code) {
  switch (code) {
  case llvm::bitc::ATTR_KIND_ALIGNMENT: return llvm::Attribute::Alignment;
  case llvm::bitc::ATTR_KIND_ALWAYS_INLINE: return llvm::Attribute::AlwaysInline;
  case llvm::bitc::ATTR_KIND_BY_VAL: return llvm::Attribute::ByVal;
  case llvm::bitc::ATTR_KIND_INLINE_HINT: return llvm::Attribute::InlineHint;
  case llvm::bitc::ATTR_KIND_IN_REG: return llvm::Attribute::InReg;
  case llvm::bitc::ATTR_KIND_MIN_SIZE: return llvm::Attribute::MinSize;
  case llvm::bitc::ATTR_KIND_NAKED: return llvm::Attribute::Naked;
  case llvm::bitc::ATTR_KIND_NEST: return llvm::Attribute::Nest;
  case llvm::bitc::ATTR_KIND_NO_ALIAS: return llvm::Attribute::NoAlias;
  case llvm::bitc::ATTR_KIND_NO_BUILTIN: return llvm::Attribute::NoBuiltin;
  case llvm::bitc::ATTR_KIND_NO_CAPTURE: return llvm::Attribute::NoCapture;
  case llvm::bitc::ATTR_KIND_NO_DUPLICATE: return llvm::Attribute::NoDuplicate;
  case llvm::bitc::ATTR_KIND_NO_IMPLICIT_FLOAT: return llvm::Attribute::NoImplicitFloat;
  case llvm::bitc::ATTR_KIND_NO_INLINE: return llvm::Attribute::NoInline;
  case llvm::bitc::ATTR_KIND_NON_LAZY_BIND: return llvm::Attribute::NonLazyBind;
  case llvm::bitc::ATTR_KIND_NO_RED_ZONE: return llvm::Attribute::NoRedZone;
  case llvm::bitc::ATTR_KIND_NO_RETURN: return llvm::Attribute::NoReturn;
  case llvm::bitc::ATTR_KIND_NO_UNWIND: return llvm::Attribute::NoUnwind;
  case llvm::bitc::ATTR_KIND_OPTIMIZE_FOR_SIZE: return llvm::Attribute::OptimizeForSize;
  case llvm::bitc::ATTR_KIND_READ_NONE: return llvm::Attribute::ReadNone;
  case llvm::bitc::ATTR_KIND_READ_ONLY: return llvm::Attribute::ReadOnly;
  case llvm::bitc::ATTR_KIND_RETURNED: return llvm::Attribute::Returned;
  case llvm::bitc::ATTR_KIND_RETURNS_TWICE: return llvm::Attribute::ReturnsTwice;
  case llvm::bitc::ATTR_KIND_S_EXT: return llvm::Attribute::SExt;
  case llvm::bitc::ATTR_KIND_STACK_ALIGNMENT: return llvm::Attribute::StackAlignment;
  case llvm::bitc::ATTR_KIND_STACK_PROTECT: return llvm::Attribute::StackProtect;
  case llvm::bitc::ATTR_KIND_STACK_PROTECT_REQ: return llvm::Attribute::StackProtectReq;
  case llvm::bitc::ATTR_KIND_STACK_PROTECT_STRONG: return llvm::Attribute::StackProtectStrong;
  case llvm::bitc::ATTR_KIND_STRUCT_RET: return llvm::Attribute::StructRet;
  case llvm::bitc::ATTR_KIND_SANITIZE_ADDRESS: return llvm::Attribute::SanitizeAddress;
  case llvm::bitc::ATTR_KIND_SANITIZE_THREAD: return llvm::Attribute::SanitizeThread;
  case llvm::bitc::ATTR_KIND_SANITIZE_MEMORY: return llvm::Attribute::SanitizeMemory;
  case llvm::bitc::ATTR_KIND_UW_TABLE: return llvm::Attribute::UWTable;
  case llvm::bitc::ATTR_KIND_Z_EXT: return llvm::Attribute::ZExt;
  case llvm::bitc::ATTR_KIND_BUILTIN: return llvm::Attribute::Builtin;
  case llvm::bitc::ATTR_KIND_COLD: return llvm::Attribute::Cold;
  case llvm::bitc::ATTR_KIND_OPTIMIZE_NONE: return llvm::Attribute::OptimizeNone;
  case llvm::bitc::ATTR_KIND_IN_ALLOCA: return llvm::Attribute::InAlloca;
  case llvm::bitc::ATTR_KIND_NON_NULL: return llvm::Attribute::NonNull;
  case llvm::bitc::ATTR_KIND_JUMP_TABLE: return llvm::Attribute::JumpTable;
  case llvm::bitc::ATTR_KIND_DEREFERENCEABLE: return llvm::Attribute::Dereferenceable;
  case llvm::bitc::ATTR_KIND_DEREFERENCEABLE_OR_NULL: return llvm::Attribute::DereferenceableOrNull;
  case llvm::bitc::ATTR_KIND_CONVERGENT: return llvm::Attribute::Convergent;
  case llvm::bitc::ATTR_KIND_SAFESTACK: return llvm::Attribute::SafeStack;
  case llvm::bitc::ATTR_KIND_SWIFT_SELF: return llvm::Attribute::SwiftSelf;
  case llvm::bitc::ATTR_KIND_SWIFT_ERROR: return llvm::Attribute::SwiftError;
  case llvm::bitc::ATTR_KIND_NO_RECURSE: return llvm::Attribute::NoRecurse;
  case llvm::bitc::ATTR_KIND_ALLOC_SIZE: return llvm::Attribute::AllocSize;
  case llvm::bitc::ATTR_KIND_WRITEONLY: return llvm::Attribute::WriteOnly;
  case llvm::bitc::ATTR_KIND_SPECULATABLE: return llvm::Attribute::Speculatable;
  case llvm::bitc::ATTR_KIND_STRICT_FP: return llvm::Attribute::StrictFP;
  case llvm::bitc::ATTR_KIND_SANITIZE_HWADDRESS: return llvm::Attribute::SanitizeHWAddress;
  case llvm::bitc::ATTR_KIND_NOCF_CHECK: return llvm::Attribute::NoCfCheck;
  case llvm::bitc::ATTR_KIND_OPT_FOR_FUZZING: return llvm::Attribute::OptForFuzzing;
  case llvm::bitc::ATTR_KIND_SHADOWCALLSTACK: return llvm::Attribute::ShadowCallStack;
  case llvm::bitc::ATTR_KIND_SPECULATIVE_LOAD_HARDENING: return llvm::Attribute::SpeculativeLoadHardening;
  case llvm::bitc::ATTR_KIND_IMMARG: return llvm::Attribute::ImmArg;
  case llvm::bitc::ATTR_KIND_WILLRETURN: return llvm::Attribute::WillReturn;
  case llvm::bitc::ATTR_KIND_NOFREE: return llvm::Attribute::NoFree;
  case llvm::bitc::ATTR_KIND_NOSYNC: return llvm::Attribute::NoSync;
  case llvm::bitc::ATTR_KIND_SANITIZE_MEMTAG: return llvm::Attribute::SanitizeMemTag;
  case llvm::bitc::ATTR_KIND_PREALLOCATED: return llvm::Attribute::Preallocated;
  case llvm::bitc::ATTR_KIND_NO_MERGE: return llvm::Attribute::NoMerge;
  case llvm::bitc::ATTR_KIND_NULL_POINTER_IS_VALID: return llvm::Attribute::NullPointerIsValid;
  case llvm::bitc::ATTR_KIND_NOUNDEF: return llvm::Attribute::NoUndef;
  case llvm::bitc::ATTR_KIND_BYREF: return llvm::Attribute::ByRef;
  case llvm::bitc::ATTR_KIND_MUSTPROGRESS: return llvm::Attribute::MustProgress;
  case llvm::bitc::ATTR_KIND_NO_CALLBACK: return llvm::Attribute::NoCallback;
  case llvm::bitc::ATTR_KIND_HOT: return llvm::Attribute::Hot;
  case llvm::bitc::ATTR_KIND_NO_PROFILE: return llvm::Attribute::NoProfile;
  case llvm::bitc::ATTR_KIND_VSCALE_RANGE: return llvm::Attribute::VScaleRange;
  case llvm::bitc::ATTR_KIND_SWIFT_ASYNC: return llvm::Attribute::SwiftAsync;
  case llvm::bitc::ATTR_KIND_NO_SANITIZE_COVERAGE: return llvm::Attribute::NoSanitizeCoverage;
  case llvm::bitc::ATTR_KIND_ELEMENTTYPE: return llvm::Attribute::ElementType;
  case llvm::bitc::ATTR_KIND_DISABLE_SANITIZER_INSTRUMENTATION: return llvm::Attribute::DisableSanitizerInstrumentation;
  case llvm::bitc::ATTR_KIND_NO_SANITIZE_BOUNDS: return llvm::Attribute::NoSanitizeBounds;
  case llvm::bitc::ATTR_KIND_ALLOC_ALIGN: return llvm::Attribute::AllocAlign;
  case llvm::bitc::ATTR_KIND_ALLOCATED_POINTER: return llvm::Attribute::AllocatedPointer;
  case llvm::bitc::ATTR_KIND_ALLOC_KIND: return llvm::Attribute::AllocKind;
  case llvm::bitc::ATTR_KIND_PRESPLIT_COROUTINE: return llvm::Attribute::PresplitCoroutine;
  case llvm::bitc::ATTR_KIND_FNRETTHUNK_EXTERN: return llvm::Attribute::FnRetThunkExtern;
  case llvm::bitc::ATTR_KIND_SKIP_PROFILE: return llvm::Attribute::SkipProfile;
  case llvm::bitc::ATTR_KIND_MEMORY: return llvm::Attribute::Memory;
  case llvm::bitc::ATTR_KIND_NOFPCLASS: return llvm::Attribute::NoFPClass;
  case llvm::bitc::ATTR_KIND_OPTIMIZE_FOR_DEBUGGING: return llvm::Attribute::OptimizeForDebugging;
  case llvm::bitc::ATTR_KIND_WRITABLE: return llvm::Attribute::Writable;
  case llvm::bitc::ATTR_KIND_CORO_ONLY_DESTROY_WHEN_COMPLETE: return llvm::Attribute::CoroDestroyOnlyWhenComplete;
  case llvm::bitc::ATTR_KIND_DEAD_ON_UNWIND: return llvm::Attribute::DeadOnUnwind;
  case llvm::bitc::ATTR_KIND_RANGE: return llvm::Attribute::Range;
  case llvm::bitc::ATTR_KIND_SANITIZE_NUMERICAL_STABILITY: return llvm::Attribute::SanitizeNumericalStability;
  case llvm::bitc::ATTR_KIND_INITIALIZES: return llvm::Attribute::Initializes;
  case llvm::bitc::ATTR_KIND_HYBRID_PATCHABLE: return llvm::Attribute::HybridPatchable;
  default: return llvm::Attribute::None;
  }
}

/// The first word; `words` loses it. There must be one.
std::uint64_t take(std::span<const std::uint64_t>& words) {
  std::uint64_t first = words.front();
  words = words.subspan(1);
  return first;
}

/// Takes the characters up to the 0 behind them, and that. False if there is none.
bool takeText(std::span<const std::uint64_t>& words, llvm::SmallString<64>& text) {
  while (!words.empty()) {
    std::uint64_t character = take(words);
    if (character == 0)
      return true;
    text.push_back(static_cast<char>(character));
  }
  return false;
}

} // namespace

std::uint32_t AttributeTable::keep(std::span<const std::uint64_t> words) {
  auto at = static_cast<std::uint32_t>(words_.size());
  words_.insert(words_.end(), words.begin(), words.end());
  return at;
}

bool AttributeTable::readGroups(BitstreamCursor& cursor) {
  constexpr std::uint64_t kMostGroups = 1 << 20;
  BitstreamCursor::Block block;
  BitstreamCursor::Record record;
  for (;;) {
    switch (cursor.next(block, record)) {
    case BitstreamCursor::Entry::End: return cursor.ok();
    case BitstreamCursor::Entry::Block: return false;
    case BitstreamCursor::Entry::Record: break;
    }
    if (record.code != llvm::bitc::PARAMATTR_GRP_CODE_ENTRY || record.size() < 3 || record[0] >= kMostGroups)
      return false;
    if (record[0] >= groups_.size())
      groups_.resize(record[0] + 1);
    std::span<const std::uint64_t> words(record.values.begin() + 2, record.values.end());
    groups_[record[0]] = {static_cast<std::uint32_t>(record[1]), keep(words), static_cast<std::uint32_t>(words.size()),
                          true, {}};
  }
}

bool AttributeTable::readLists(BitstreamCursor& cursor) {
  BitstreamCursor::Block block;
  BitstreamCursor::Record record;
  for (;;) {
    switch (cursor.next(block, record)) {
    case BitstreamCursor::Entry::End: return cursor.ok();
    case BitstreamCursor::Entry::Block: return false;
    case BitstreamCursor::Entry::Record: break;
    }
    if (record.code != llvm::bitc::PARAMATTR_CODE_ENTRY)
      return false;
    lists_.push_back({keep(record.values), static_cast<std::uint32_t>(record.size()), false, {}});
  }
}

std::optional<llvm::AttributeList> AttributeTable::at(std::uint64_t number) {
  if (number == 0)
    return llvm::AttributeList();
  if (number > lists_.size())
    return std::nullopt;
  List& list = lists_[number - 1];
  if (!list.done) {
    list.made = make(list);
    list.done = true;
  }
  return list.made;
}

std::optional<llvm::AttributeList> AttributeTable::make(const List& list) {
  llvm::SmallVector<std::pair<unsigned, llvm::AttributeSet>, 8> places;
  for (std::uint32_t i = 0; i < list.count; ++i) {
    std::uint64_t number = words_[list.first + i];
    if (number >= groups_.size() || !make(groups_[number]))
      return std::nullopt;
    places.emplace_back(groups_[number].place, groups_[number].made);
  }
  // By place, each once; the function's own number is the largest.
  std::ranges::sort(places, {}, [](const auto& each) { return each.first; });
  for (std::size_t i = 0; i < places.size(); ++i)
    if ((i > 0 && places[i].first == places[i - 1].first) ||
        (places[i].first > 4096 && places[i].first != llvm::AttributeList::FunctionIndex))
      return std::nullopt;
  return llvm::AttributeList::get(context_, places);
}

bool AttributeTable::make(Group& group) {
  if (!group.known || group.count == 0)
    return group.known;
  llvm::AttrBuilder builder(context_);
  std::span<const std::uint64_t> words(words_.data() + group.first, group.count);
  group.known = false;
  while (!words.empty()) {
    bool understood = false;
    if (words.front() <= Integer)
      understood = makeEnumOrInteger(words, builder);
    else if (words.front() == Text || words.front() == TextAndValue)
      understood = makeText(words, builder);
    else if (words.front() == Typed)
      understood = makeTyped(words, builder);
    else if (words.front() == Range)
      understood = makeRange(words, builder);
    if (!understood)
      return false;
  }
  if (group.place == llvm::AttributeList::FunctionIndex)
    for (Kind kind : {llvm::Attribute::ReadNone, llvm::Attribute::ReadOnly, llvm::Attribute::WriteOnly})
      if (builder.contains(kind))
        return false; // of old producers: this version says memory()
  group.made = llvm::AttributeSet::get(context_, builder);
  group.known = true;
  group.count = 0;
  return true;
}

bool AttributeTable::makeEnumOrInteger(std::span<const std::uint64_t>& words, llvm::AttrBuilder& into) const {
  bool integer = take(words) == Integer;
  if (words.size() < (integer ? 2u : 1u))
    return false;
  Kind kind = kindOf(take(words));
  if (!integer) {
    if (kind == llvm::Attribute::None || !llvm::Attribute::isEnumAttrKind(kind))
      return false;
    into.addAttribute(kind);
    return true;
  }
  std::uint64_t value = take(words);
  if (kind == llvm::Attribute::None || !llvm::Attribute::isIntAttrKind(kind))
    return false;
  bool alignment = kind == llvm::Attribute::Alignment || kind == llvm::Attribute::StackAlignment;
  if (alignment && (!llvm::isPowerOf2_64(value) || value > llvm::Value::MaximumAlignment))
    return false;
  if (value == 0 && kind != llvm::Attribute::Memory)
    return false; // says nothing: not what LLVM writes
  into.addRawIntAttr(kind, value);
  return true;
}

bool AttributeTable::makeText(std::span<const std::uint64_t>& words, llvm::AttrBuilder& into) const {
  bool valued = take(words) == TextAndValue;
  llvm::SmallString<64> kind, value;
  if (!takeText(words, kind) || (valued && !takeText(words, value)))
    return false;
  into.addAttribute(kind.str(), value.str());
  return true;
}

bool AttributeTable::makeTyped(std::span<const std::uint64_t>& words, llvm::AttrBuilder& into) const {
  if (words.size() < 3)
    return false;
  take(words);
  Kind kind = kindOf(take(words));
  llvm::Type* type = types_.at(take(words));
  if (kind == llvm::Attribute::None || !llvm::Attribute::isTypeAttrKind(kind) || !type)
    return false;
  into.addTypeAttr(kind, type);
  return true;
}

bool AttributeTable::makeRange(std::span<const std::uint64_t>& words, llvm::AttrBuilder& into) const {
  if (words.size() < 5)
    return false;
  take(words);
  Kind kind = kindOf(take(words));
  std::uint64_t width = take(words);
  if (kind == llvm::Attribute::None || !llvm::Attribute::isConstantRangeAttrKind(kind) || width == 0 || width > 64)
    return false;
  auto bound = [&] { return llvm::APInt(static_cast<unsigned>(width), signedOf(take(words)), true); };
  llvm::APInt lower = bound(), upper = bound();
  if (lower == upper && !lower.isMinValue() && !lower.isMaxValue())
    return false;
  into.addConstantRangeAttr(kind, llvm::ConstantRange(lower, upper));
  return true;
}

} // namespace kiln
