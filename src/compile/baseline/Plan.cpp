#include "compile/baseline/Plan.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>

#include <algorithm>

namespace kiln::baseline {
namespace {

constexpr std::uint64_t kLargestFrame = std::uint64_t{1} << 30;

bool isCalleeSaved(Register reg) { return llvm::is_contained(kCalleeSaved, reg); }

/// In order of preference. RCX and RDX late: shifts and divisions move what is there. R12 and R13 last: as bases of addresses
/// they take a byte more.
constexpr Register kGprs[] = {kRsi, kRdi, 8, 9, kRcx, kRdx, kRbx, 14, 15, 12, 13};
constexpr Register kKeptGprs[] = {kRbx, 14, 15, 12, 13};
constexpr Register kXmms[] = {16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29};
/// With few registers, those that instructions ask for by name.
constexpr Register kFewGprs[] = {kRcx, kRdx, kRbx, kRdi};
constexpr Register kFewKeptGprs[] = {kRbx};
constexpr Register kFewXmms[] = {16, 17, 18, 19};

std::uint32_t alignTo(std::uint32_t value, std::uint32_t alignment) { return (value + alignment - 1) / alignment * alignment; }

} // namespace

std::string Plan::run(const llvm::Function& function, const PlanOptions& options) {
  options_ = options;
  places_.clear();
  parts_.clear();
  frameOffsets_.clear();
  variables_.clear();
  calls_.clear();
  savedLives_.clear();
  savedCursor_ = 0;
  savedActive_.clear();
  freeSlots_.clear();
  freeWideSlots_.clear();
  usedCalleeSaved_ = 0;
  frameBytes_ = 0;
  movesStack_ = usesFrame_ = false;
  if (!analyse(function))
    return "a value of a type that has no registers";
  findCountedLoops();
  listClasses();
  allocateRegisters();
  for (std::uint32_t used = usedCalleeSaved_; used != 0; used &= used - 1)
    frameBytes_ += 8;
  allocateSlots();
  if (frameBytes_ > kLargestFrame)
    return "local variables of more than 1 GiB";
  usesFrame_ |= frameBytes_ > 0 || !calls_.empty();
  return {};
}

std::uint32_t Plan::wordsFor(llvm::Type* type) const { return type->isTokenTy() ? 0 : partCount(type); }

namespace {

/// Most instructions: no call and nothing that needs the frame.
bool isSimple(const llvm::Instruction& instruction) {
  const llvm::Type* type = instruction.getType();
  switch (instruction.getOpcode()) {
  case llvm::Instruction::PHI:
  case llvm::Instruction::Br:
  case llvm::Instruction::Switch:
  case llvm::Instruction::Ret:
  case llvm::Instruction::Unreachable: return true;
  case llvm::Instruction::Load:
    if (instruction.isAtomic())
      return false;
    break;
  case llvm::Instruction::Store:
    if (instruction.isAtomic())
      return false;
    type = instruction.getOperand(0)->getType();
    break;
  case llvm::Instruction::ICmp:
  case llvm::Instruction::FCmp: type = instruction.getOperand(0)->getType(); break;
  case llvm::Instruction::GetElementPtr:
  case llvm::Instruction::Add:
  case llvm::Instruction::Sub:
  case llvm::Instruction::Mul:
  case llvm::Instruction::And:
  case llvm::Instruction::Or:
  case llvm::Instruction::Xor:
  case llvm::Instruction::Shl:
  case llvm::Instruction::LShr:
  case llvm::Instruction::AShr:
  case llvm::Instruction::FAdd:
  case llvm::Instruction::FSub:
  case llvm::Instruction::FMul:
  case llvm::Instruction::FDiv:
  case llvm::Instruction::ZExt:
  case llvm::Instruction::SExt:
  case llvm::Instruction::Trunc: break;
  default: return false;
  }
  return isOneGpr(type) || isOneXmm(type);
}

} // namespace

// Folding -------------------------------------------------------------------------------------------------------------

void Plan::fold() {
  wanted_.assign(values_.size(), kNoRegister);
  like_.assign(values_.size(), kNone);
  for (std::uint32_t place = 0; place < order_.size(); ++place) {
    std::uint32_t number = firstNumber(place), position = blockFirst_[place];
    for (const llvm::Instruction& instruction : *order_[place]) {
      ValueState& self = values_[number];
      if (!isSimple(instruction)) {
        usesFrame_ |= needsFrame(instruction);
        if (isCall(instruction, options_.machine))
          calls_.push_back({position, (calls_.empty() ? 0 : calls_.back().weight) + weightAt(place)});
      }
      position += 2;
      if (self.words != 0) {
        if (aliasOne(instruction, self)) {
          self.alias = true;
        } else {
          self.folded = foldOne(instruction, number, self);
          self.clean = writesClean(instruction);
        }
      }
      hint(instruction, number);
      ++number;
    }
  }
  hintArguments();
}

/// Whether the value is another name for parts of a value that exists.
bool Plan::aliasTo(const llvm::Value* value, std::uint32_t part, ValueState& self) {
  std::uint32_t number = numberOf(value);
  if (number == kNone || values_[number].folded)
    return false;
  const ValueState& of = values_[number];
  self.root = of.root;
  self.word = static_cast<std::uint16_t>((of.alias ? of.word : 0) + part);
  self.clean = of.clean;
  return true;
}

bool Plan::aliasOne(const llvm::Instruction& instruction, ValueState& self) {
  switch (instruction.getOpcode()) {
  case llvm::Instruction::Trunc:
  case llvm::Instruction::PtrToInt: {
    llvm::Type* type = instruction.getType();
    if (!isOneGpr(type) || !isExactWidth(type) || !aliasTo(instruction.getOperand(0), 0, self))
      return false;
    self.clean = bitsOf(type) == 64 || (instruction.getOpcode() == llvm::Instruction::Trunc &&
                                        bitsOf(instruction.getOperand(0)->getType()) == bitsOf(type) && self.clean);
    return true;
  }
  case llvm::Instruction::ZExt:
  case llvm::Instruction::IntToPtr: {
    const llvm::Value* from = instruction.getOperand(0);
    std::uint32_t number = numberOf(from);
    if (number == kNone || !isOneGpr(instruction.getType()) || !isOneGpr(from->getType()))
      return false;
    if (isExactWidth(from->getType()) && bitsOf(from->getType()) < 64 && !values_[number].clean)
      return false;
    if (!aliasTo(from, 0, self))
      return false;
    self.clean = true;
    return true;
  }
  case llvm::Instruction::SExt: {
    const auto* load = llvm::dyn_cast<llvm::LoadInst>(instruction.getOperand(0));
    if (!load || extensionOf(*load) != &instruction || !aliasTo(load, 0, self))
      return false;
    self.clean = bitsOf(instruction.getType()) == 64;
    return true;
  }
  case llvm::Instruction::AddrSpaceCast:
  case llvm::Instruction::Freeze: return aliasTo(instruction.getOperand(0), 0, self);
  case llvm::Instruction::BitCast: {
    Parts from, to;
    if (!partsOfType(instruction.getOperand(0)->getType(), from) || !partsOfType(instruction.getType(), to) ||
        from.size() != 1 || to.size() != 1 || from[0].bank != to[0].bank || from[0].bytes != to[0].bytes)
      return false;
    // A mask of lanes is no packed vector.
    if (instruction.getType()->getScalarSizeInBits() == 1 || instruction.getOperand(0)->getType()->getScalarSizeInBits() == 1)
      return false;
    return aliasTo(instruction.getOperand(0), 0, self);
  }
  case llvm::Instruction::ExtractValue: {
    const auto& extract = llvm::cast<llvm::ExtractValueInst>(instruction);
    const llvm::Value* from = extract.getAggregateOperand();
    if (isFlag(extract) || !aliasTo(from, partAt(from->getType(), extract.getIndices()), self))
      return false;
    self.clean = !isOneGpr(instruction.getType()) || !isExactWidth(instruction.getType()) || bitsOf(instruction.getType()) == 64;
    return true;
  }
  case llvm::Instruction::Call:
    if (const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction))
      if (const llvm::Value* same = flow::sameValue(*intrinsic))
        return aliasTo(same, 0, self);
    return false;
  default: return false;
  }
}

/// A tree of x87 numbers without a place of their own is computed on the stack, which has room for eight. How high the tree is
/// is kept in `word`.
bool Plan::foldX87(const llvm::Instruction& instruction, ValueState& self) const {
  constexpr std::uint16_t kHighestTree = 6;
  if (!isX87Operand(instruction))
    return false;
  std::uint16_t height = 0;
  for (const llvm::Use& operand : instruction.operands())
    if (operand->getType()->isX86_FP80Ty() && isFolded(operand.get()))
      height = std::max(height, state(operand.get()).word);
  self.word = height + 1;
  return self.word <= kHighestTree;
}

bool Plan::foldOne(const llvm::Instruction& instruction, std::uint32_t number, ValueState& self) {
  if (instruction.getType()->isX86_FP80Ty())
    return foldX87(instruction, self);
  switch (instruction.getOpcode()) {
  case llvm::Instruction::ICmp:
  case llvm::Instruction::FCmp: return isFoldableCompare(instruction);
  case llvm::Instruction::GetElementPtr:
    return foldAddress(llvm::cast<llvm::GetElementPtrInst>(instruction), number, self);
  case llvm::Instruction::Alloca: return foldAlloca(llvm::cast<llvm::AllocaInst>(instruction), number);
  case llvm::Instruction::ExtractValue: return isFlag(instruction);
  case llvm::Instruction::Call:
  case llvm::Instruction::AtomicCmpXchg:
    if (keepsFlag(instruction))
      self.words = 1; // the flag has no place
    return false;
  case llvm::Instruction::Load: {
    const auto& load = llvm::cast<llvm::LoadInst>(instruction);
    if (!load.hasOneUse())
      return false;
    const auto* user = llvm::cast<llvm::Instruction>(*load.user_begin());
    if (updatedLoad(*user) != &load && !loadingOperand(load))
      return false;
    for (const llvm::Use& other : user->operands())
      if (other.get() != &load && isFolded(other.get()) && llvm::isa<llvm::LoadInst>(other.get()))
        return false;
    return true;
  }
  default: break;
  }
  if (isBitTest(instruction))
    return true;
  const llvm::LoadInst* load = updatedLoad(instruction);
  return load && isFolded(load);
}

bool Plan::foldAddress(const llvm::GetElementPtrInst& address, std::uint32_t number, ValueState& self) {
  std::optional<AddressParts> parts = flow::splitAddress(address, *data_);
  if (!parts || (parts->index && parts->kind != flow::IndexKind::I64))
    return false;
  self.address = static_cast<std::uint32_t>(addresses_.size());
  addresses_.emplace_back(number, *parts);
  if (!isInt32(parts->offset) || (parts->index && !isScale(parts->scale)))
    return false;
  return flow::isFoldable(address, *parts, accessesOnly);
}

bool Plan::foldAlloca(const llvm::AllocaInst& variable, std::uint32_t number) {
  usesFrame_ = true;
  if (!isFrameVariable(variable)) {
    movesStack_ = true;
    return false;
  }
  if (options_.allocasAreValues)
    return false;
  variables_.emplace_back(number, 0);
  return true;
}

/// Registers that would save moves.
void Plan::hint(const llvm::Instruction& instruction, std::uint32_t number) {
  if (instruction.isBinaryOp() || instruction.isCast()) {
    like_[number] = numberOf(instruction.getOperand(0));
    if (like_[number] == kNone && instruction.isCommutative())
      like_[number] = numberOf(instruction.getOperand(1));
  } else if (llvm::isa<llvm::PHINode>(instruction)) {
    like_[number] = numberOf(instruction.getOperand(0));
  } else if (const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
             call && (isCall(instruction, options_.machine) || isTailJump(*call))) {
    unsigned gprs = 0, xmms = 0;
    for (const llvm::Use& argument : call->args()) {
      bool gpr = isOneGpr(argument->getType()), xmm = isOneXmm(argument->getType());
      if (!gpr && !xmm)
        break;
      std::uint32_t value = numberOf(argument.get());
      if (value != kNone && !values_[value].folded) {
        if (gpr && gprs < std::size(kArgumentGprs))
          wanted_[values_[value].root] = kArgumentGprs[gprs];
        else if (xmm && xmms < 8)
          wanted_[values_[value].root] = static_cast<Register>(kFirstXmm + xmms);
      }
      (gpr ? gprs : xmms) += 1;
    }
  }
}

/// Arguments stay where they come in.
void Plan::hintArguments() {
  unsigned gprs = 0, xmms = 0;
  for (std::uint32_t number = 0; number < function_->arg_size(); ++number) {
    const llvm::Type* type = function_->getArg(number)->getType();
    if (isOneGpr(type) && gprs < std::size(kArgumentGprs))
      wanted_[number] = kArgumentGprs[gprs++];
    else if (isOneXmm(type) && xmms < 8)
      wanted_[number] = static_cast<Register>(kFirstXmm + xmms++);
    else if (!isOneGpr(type) && !isOneXmm(type))
      return;
  }
}

bool Plan::readsLate(const llvm::Instruction& instruction, const ValueState&) const { return writesEarly(instruction); }

// Places --------------------------------------------------------------------------------------------------------------

/// Room for the parts of every class, and lists of classes by the positions they begin and end at.
void Plan::listClasses() {
  firstPlace_.assign(values_.size(), kNone);
  events_.reset(positionCount_ + 1, values_.size());
  for (std::uint32_t value = 0; value < values_.size(); ++value) {
    const ValueState& state = values_[value];
    if (state.words == 0 || state.alias || state.folded)
      continue;
    std::uint32_t owner = representative(value);
    if (firstPlace_[owner] == kNone) {
      firstPlace_[owner] = static_cast<std::uint32_t>(places_.size());
      const bool isCounter = owner >= numbers_.size();
      if (isCounter || (state.words == 1 && isOneGpr(numbers_.value(owner)->getType()))) {
        parts_.push_back({});
      } else {
        Parts parts;
        (void)partsOfType(numbers_.value(owner)->getType(), parts);
        parts_.insert(parts_.end(), parts.begin(), parts.begin() + state.words);
      }
      places_.resize(parts_.size());
    }
    firstPlace_[value] = firstPlace_[owner];
    if (owner == value) {
      const Member& self = members_[value];
      events_.addBegin(self.first, value);
      events_.addEnd(std::min(self.last, positionCount_), value);
    } else {
      values_[owner].weight += state.weight;
    }
  }
}

/// The weight of the calls that a class lives across. An argument is there before the first instruction, which may be one.
std::uint64_t Plan::crossedWeight(std::uint32_t value) const {
  const std::uint32_t first = members_[value].first, last = members_[value].last;
  auto behind = [](std::uint32_t position, const Call& call) { return position < call.position; };
  auto from = isArgument(value) ? calls_.begin() : std::upper_bound(calls_.begin(), calls_.end(), first, behind);
  auto to = std::lower_bound(from, calls_.end(), last, [](const Call& call, std::uint32_t position) { return call.position < position; });
  if (from == to)
    return 0;
  return (to - 1)->weight - (from == calls_.begin() ? 0 : (from - 1)->weight);
}

void Plan::allocateRegisters() {
  occupants_.fill({});
  llvm::SmallVector<std::uint32_t, 8> starting;
  for (std::uint32_t position = 0; position < positionCount_; ++position) {
    const auto beginning = events_.beginningAt(position);
    if (beginning.empty())
      continue;
    // The list is the wrong way round: arguments come first, then in the order of numbers.
    starting.clear();
    for (std::uint32_t value : beginning)
      starting.push_back(value);
    for (auto at = starting.rbegin(); at != starting.rend(); ++at)
      if (values_[*at].weight > 0)
        allocateClass(*at);
  }
}

bool Plan::isLighter(std::uint32_t a, std::uint32_t b) const {
  auto length = [&](std::uint32_t value) { return std::uint64_t{members_[value].last} - members_[value].first + 2; };
  return values_[a].weight * length(b) < values_[b].weight * length(a);
}

Register Plan::hintOf(std::uint32_t value, Bank bank) const {
  auto fits = [&](Register reg) { return reg != kNoRegister && (reg >= kFirstXmm) == (bank == Bank::Xmm); };
  if (fits(wanted_[value]))
    return wanted_[value];
  std::uint32_t other = like_[value];
  if (other == kNone || values_[other].folded)
    return kNoRegister;
  std::uint32_t root = values_[other].root;
  if (firstPlace_[root] == kNone)
    return kNoRegister;
  Register reg = places_[firstPlace_[root]].reg;
  return fits(reg) ? reg : kNoRegister;
}

void Plan::allocateClass(std::uint32_t value) {
  const Member& self = members_[value];
  const std::uint64_t crossed = crossedWeight(value);
  const bool few = options_.registers != 0;
  for (unsigned part = 0; part < values_[value].words; ++part) {
    Bank bank = parts_[firstPlace_[value] + part].bank;
    if (bank == Bank::Memory)
      continue;
    llvm::ArrayRef<Register> all = bank == Bank::Gpr ? llvm::ArrayRef<Register>(kGprs) : llvm::ArrayRef<Register>(kXmms);
    llvm::ArrayRef<Register> kept = bank == Bank::Gpr ? llvm::ArrayRef<Register>(kKeptGprs) : llvm::ArrayRef<Register>();
    if (few) {
      all = bank == Bank::Gpr ? llvm::ArrayRef<Register>(kFewGprs) : llvm::ArrayRef<Register>(kFewXmms);
      kept = bank == Bank::Gpr ? llvm::ArrayRef<Register>(kFewKeptGprs) : llvm::ArrayRef<Register>();
    }
    auto isFree = [&](Register reg) {
      const Occupant& occupant = occupants_[reg];
      return occupant.value == kNone || (!isArgument(value) && occupant.last <= self.first);
    };
    const bool worthSaving = values_[value].weight > 2 * crossed;
    Register wanted = part == 0 ? hintOf(value, bank) : kNoRegister;
    auto take = [&](llvm::ArrayRef<Register> from, bool saved) {
      if (wanted != kNoRegister && llvm::is_contained(from, wanted) && isFree(wanted)) {
        assign(value, part, wanted, saved && !isCalleeSaved(wanted));
        return true;
      }
      for (Register reg : from)
        if (isFree(reg)) {
          assign(value, part, reg, saved && !isCalleeSaved(reg));
          return true;
        }
      return false;
    };
    auto takeFromLightest = [&](llvm::ArrayRef<Register> from, bool saved) {
      Register lightest = kNoRegister;
      for (Register reg : from)
        if (occupants_[reg].value != value &&
            (lightest == kNoRegister || isLighter(occupants_[reg].value, occupants_[lightest].value)))
          lightest = reg;
      if (lightest == kNoRegister || !isLighter(occupants_[lightest].value, value))
        return;
      evict(lightest);
      assign(value, part, lightest, saved && !isCalleeSaved(lightest));
    };
    if (crossed == 0) {
      if (!take(all, false))
        takeFromLightest(all, false);
    } else if (!take(kept, false) && !(worthSaving && take(all, true))) {
      takeFromLightest(worthSaving ? all : kept, worthSaving);
    }
  }
}

void Plan::assign(std::uint32_t value, unsigned part, Register reg, bool saved) {
  std::uint32_t index = firstPlace_[value] + part;
  places_[index] = {reg, saved, 0};
  occupants_[reg] = {value, members_[value].last, index};
  if (isCalleeSaved(reg))
    usedCalleeSaved_ |= 1u << reg;
  if (saved)
    savedLives_.push_back({members_[value].first, members_[value].last, index, isArgument(value)});
}

/// What is in the register goes to memory, for all of its life.
void Plan::evict(Register reg) { places_[occupants_[reg].place] = {}; }

std::uint32_t Plan::slotIn(std::uint32_t bytes) {
  std::vector<std::uint32_t>& free = bytes > 8 ? freeWideSlots_ : freeSlots_;
  if (!free.empty()) {
    std::uint32_t at = free.back();
    free.pop_back();
    return at;
  }
  frameBytes_ = alignTo(frameBytes_ + bytes, bytes);
  return frameBytes_;
}

void Plan::allocateSlots() {
  for (std::uint32_t position = 0; position <= positionCount_; ++position) {
    for (std::uint32_t value : events_.endingAt(position)) {
      if (members_[value].first == position && !isArgument(value))
        continue; // begins and ends here: what it takes is not given on
      for (unsigned part = 0; part < values_[value].words; ++part) {
        const Place& place = places_[firstPlace_[value] + part];
        if (place.offset != 0)
          (parts_[firstPlace_[value] + part].bytes > 8 ? freeWideSlots_ : freeSlots_)
              .push_back(static_cast<std::uint32_t>(-place.offset));
      }
    }
    for (std::uint32_t value : events_.beginningAt(position))
      for (unsigned part = 0; part < values_[value].words; ++part) {
        Place& place = places_[firstPlace_[value] + part];
        if (values_[value].weight > 0 && value < numbers_.size() && (!place.inRegister() || place.saved))
          place.offset = -static_cast<std::int32_t>(slotIn(parts_[firstPlace_[value] + part].bytes));
      }
  }
  // Variables last: what is used most is near.
  for (auto& [number, offset] : variables_) {
    const auto& variable = llvm::cast<llvm::AllocaInst>(*numbers_.value(number));
    std::uint64_t bytes = data_->getTypeAllocSize(variable.getAllocatedType()).getFixedValue() *
                          llvm::cast<llvm::ConstantInt>(variable.getArraySize())->getZExtValue();
    if (bytes + frameBytes_ > kLargestFrame) {
      frameBytes_ = kLargestFrame + 1;
      return;
    }
    // Every variable has an address of its own.
    frameBytes_ = alignTo(frameBytes_ + std::max<std::uint32_t>(static_cast<std::uint32_t>(bytes), 1),
                          static_cast<std::uint32_t>(std::max<std::uint64_t>(variable.getAlign().value(), 8)));
    offset = -static_cast<std::int32_t>(frameBytes_);
    frameOffsets_[number] = offset;
  }
}

std::int32_t Plan::newSlot(std::uint32_t bytes, std::uint32_t align) {
  frameBytes_ = alignTo(frameBytes_ + bytes, std::max<std::uint32_t>(align, 8));
  usesFrame_ = true;
  return -static_cast<std::int32_t>(frameBytes_);
}

void Plan::savedAcross(std::uint32_t position, llvm::SmallVectorImpl<std::uint32_t>& into) {
  while (savedCursor_ < savedLives_.size() &&
         (savedLives_[savedCursor_].first < position || savedLives_[savedCursor_].isArgument))
    savedActive_.push_back(savedLives_[savedCursor_++]);
  llvm::erase_if(savedActive_, [&](const SavedLife& life) { return life.last <= position || !places_[life.place].saved; });
  for (const SavedLife& life : savedActive_)
    into.push_back(life.place);
}

} // namespace kiln::baseline
