// One function's body while it is made: the values that may be used at this point, and where control goes.
//
// Values are kept by type. A scope is what a block dominates: values made in it are forgotten when it is left, so that
// whatever use() returns dominates the place it is used at.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/NoFolder.h>

#include "Plan.h"

namespace kiln::fuzz {

/// A block that is reached from several places, and the types of its phis. Phis are made when all places are known.
struct Join {
  llvm::BasicBlock* block = nullptr;
  std::vector<llvm::Type*> types;
  struct From {
    llvm::BasicBlock* block;
    std::vector<llvm::Value*> values;
  };
  std::vector<From> from;
};

/// A loop that code in it may leave, or go round before its end.
struct Enclosing {
  Join* exit = nullptr;
  Join* again = nullptr;
};

class Body {
public:
  // Constants as operands on either side are to be seen by the compilers: nothing is folded.
  using Builder = llvm::IRBuilder<llvm::NoFolder>;

  Body(Plan& plan, const Callable& self);
  void generate();

  Plan& plan;
  Choices& choices;
  const Callable& self;
  llvm::Function* const function;
  Builder b;

  std::vector<RawPlace> raws;
  std::vector<TypedPlace> typed;
  std::vector<Enclosing> enclosing;
  unsigned loopDepth = 0;

  /// A value of the type: one of those in scope, made from one of another type, or a constant.
  llvm::Value* use(llvm::Type* type);
  /// As use(), but no constant when there is another choice.
  llvm::Value* useVariable(llvm::Type* type);
  llvm::Value* useIndex(unsigned width) { return useVariable(plan.integer(width)); }
  llvm::Value* condition();
  /// Makes the value usable from here to the end of its scope.
  llvm::Value* push(llvm::Value* value);
  bool has(llvm::Type* type) const;
  /// The value that was pushed last, or so many before.
  llvm::Value* recent(unsigned back) const;
  llvm::Constant* constant(llvm::Type* type) { return plan.constant(type); }
  llvm::ConstantInt* number(unsigned width, std::uint64_t value) {
    return llvm::ConstantInt::get(plan.context, llvm::APInt(width, value));
  }

  /// Marks what keeps the program defined. Arguments and constants pass through.
  llvm::Value* keep(llvm::Value* value);
  /// A branch that has to stay, but may be replaced by a jump to its successor of that number.
  void branchWithWayOut(llvm::Value* condition, llvm::BasicBlock* yes, llvm::BasicBlock* no, unsigned wayOut);
  llvm::Value* call(llvm::Intrinsic::ID id, llvm::ArrayRef<llvm::Type*> types, llvm::ArrayRef<llvm::Value*> operands) {
    return b.CreateIntrinsic(id, types, operands);
  }

  /// The bits of a float or vector of floats, every NaN alike.
  llvm::Value* floatBits(llvm::Value* value);
  /// The float of any bits; a NaN becomes the quiet one.
  llvm::Value* floatOfBits(llvm::Value* bits, llvm::Type* type);
  /// Any value as 64 bits, of which each depends on some of the value's.
  llvm::Value* toBits(llvm::Value* value);
  /// A value of the type made of 64 bits.
  llvm::Value* ofBits(llvm::Value* bits, llvm::Type* type);
  /// Makes the value count: it changes a variable.
  void observe(llvm::Value* value);
  void observeAll(llvm::ArrayRef<llvm::Value*> values);
  void observeRecent(unsigned most);
  void giveBack();

  llvm::BasicBlock* block(const char* name = "");
  void moveTo(llvm::BasicBlock* block) { b.SetInsertPoint(block); }
  Join join(unsigned mostTypes, const char* name);
  /// Ends the block with a jump, with values that are in scope.
  void jump(Join& to);
  /// Adds this block as one where `to` is reached from, for a branch that the caller makes.
  void reach(Join& to);
  /// Goes on at the join; its phis are values of the scope.
  void enter(Join& join);
  llvm::Instruction* inEntry(llvm::Instruction* instruction);
  llvm::AllocaInst* local(llvm::Type* type, unsigned alignment);

  /// What is made inside is forgotten at the end, places included.
  class Scope {
  public:
    explicit Scope(Body& body)
        : body_(body), values_(body.order_.size()), raws_(body.raws.size()), typed_(body.typed.size()) {}
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

  private:
    Body& body_;
    std::size_t values_, raws_, typed_;
  };

  /// Gives the fuel back that calls used up.
  void fillUp();
  void statements(unsigned most);
  void statement();
  bool mayLoop() const { return !self.leaf && loopDepth < 3; }

private:
  friend class Scope;
  void spendFuel();
  void makeLocals();
  void nameArguments();
  llvm::Value* converted(llvm::Type* type);
  llvm::Value* integerOf(llvm::IntegerType* type);
  void compute();

  std::map<llvm::Type*, std::vector<llvm::Value*>> values_; // looked up, never walked: the order is that of addresses
  std::vector<llvm::Type*> order_;
  llvm::MDNode* keep_ = nullptr;
  unsigned budget_ = 0;
};

} // namespace kiln::fuzz
