// The function's own side of the calling convention: its arguments, variable ones included, and its result.
#pragma once

#include "compile/baseline/emit/Convention.h"

namespace kiln::baseline {

class Signature final : Convention {
public:
  explicit Signature(Emission& emission) : Convention(emission) {}

  /// Behind the frame's making: the arguments to their places.
  void receiveArguments();
  /// Gives the result and leaves.
  void emitReturn(const llvm::ReturnInst& leave);

  /// Keeps the address that the results go to, if they lie behind one. 0: there is none.
  void keepResultAddress(Gp from);
  std::int32_t resultAddressSlot() const { return hiddenSlot_; }

  void emitVariadicStart(const llvm::IntrinsicInst& intrinsic);
  void emitVariadicArgument(const llvm::VAArgInst& next);

private:
  /// An integer with bits above its width of which nothing is known.
  struct Odd {
    std::uint32_t number;
    unsigned part, bits;
  };
  /// What arrives in a special way.
  struct Arrivals {
    llvm::SmallVector<Odd, 4> odd;
    llvm::SmallVector<std::pair<std::uint32_t, std::int32_t>, 4> x87;  ///< argument, and offset from RBP
    llvm::SmallVector<std::pair<Place, std::int32_t>, 4> copies;       ///< addresses of byval copies, in registers
  };
  void receivePart(std::uint32_t number, const llvm::Type* type, unsigned part, const Part& form, std::uint32_t word,
                   Arrivals& arrivals);
  void saveVariadicRegisters();
  void giveResult(const llvm::Value* value);
  void storeResult(const llvm::Value* value);

  std::int32_t hiddenSlot_ = 0;   ///< where the hidden result pointer is kept
  std::int32_t variadicSlot_ = 0; ///< of the register save area
};

} // namespace kiln::baseline
