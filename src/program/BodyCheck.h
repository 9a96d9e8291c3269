// Whether a body that LLVM's reader made is plainly valid IR, at a tenth of what LLVM's verifier costs.
//
// The reader has checked the types of most operands already. What is left is what preparing and interpreting rely on:
// blocks end in terminators, definitions dominate uses, phis match the edges, calls match the types they name,
// intrinsics are what their names say. Rules that only optimisers rely on (attributes that contradict each other,
// metadata) are left to LLVM's verifier, which sees a body before LLVM compiles it.
//
// The answer is "valid" or "ask LLVM": rare instructions need not be known here, and messages have one source.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/Instructions.h>

#include <cstdint>
#include <vector>

#include "program/Dominators.h"

namespace kiln {

/// For the functions of one context. Remembers what it found about declarations and attribute lists.
class BodyCheck {
public:
  bool plainlyValid(const llvm::Function& function);

private:
  struct Intrinsic {
    bool plain = false;           ///< known, and of the right type
    std::uint32_t immediates = 0; ///< bit n: the n-th argument is a constant
  };

  bool readBlocks(const llvm::Function& function);
  bool validBlock(const llvm::BasicBlock& block, std::uint32_t number);
  bool validPhis(const llvm::BasicBlock& block, std::uint32_t number);
  bool validPhi(const llvm::PHINode& phi, std::uint32_t number);
  bool validOperands(const llvm::Instruction& instruction, std::uint32_t number);
  bool definedAt(const llvm::Instruction& definition, std::uint32_t number) const;
  bool validInstruction(const llvm::Instruction& instruction, std::uint32_t number);
  bool validReturn(const llvm::ReturnInst& instruction) const;
  bool validAccess(const llvm::Value* address, llvm::Type* type, bool atomic) const;
  bool validAddress(const llvm::GetElementPtrInst& instruction) const;
  bool validExchange(const llvm::AtomicRMWInst& instruction) const;
  bool validLandingPad(const llvm::LandingPadInst& pad, std::uint32_t number) const;
  bool validCall(const llvm::CallBase& call);
  bool validIntrinsic(const llvm::CallBase& call, const llvm::Function& callee);
  bool validAttributes(llvm::AttributeList list, const llvm::FunctionType& type);
  const Intrinsic& intrinsic(const llvm::Function& callee);

  llvm::DenseMap<const llvm::Function*, Intrinsic> intrinsics_;
  llvm::DenseMap<const void*, bool> plainAttributes_; ///< by list: whether its types need a look for each function type

  // Of the function at work. Blocks are numbered in order.
  const llvm::Function* function_ = nullptr;
  const llvm::BasicBlock* entry_ = nullptr;
  llvm::DenseMap<const llvm::BasicBlock*, std::uint32_t> numbers_;
  std::vector<const llvm::BasicBlock*> blocks_;
  std::vector<std::uint32_t> firstTo_, to_;     ///< edges from each block
  std::vector<std::uint32_t> firstFrom_, from_; ///< edges to each block
  /// What a block is to the phis at work.
  struct Origin {
    std::uint32_t edges = 0; ///< how many lead from it to their block
    std::uint32_t left = 0;  ///< of these, without a value of the phi yet
    std::uint32_t phi = 0;   ///< which phi that is about
    const llvm::Value* value = nullptr;
  };
  std::vector<Origin> origins_; ///< by block
  std::uint32_t phis_ = 0;
  Dominators dominators_;
};

} // namespace kiln
