// The function's frame: made at the entry, left before every return. How large it is, is known at the end.
#pragma once

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

class Frame final : Family {
public:
  using Family::Family;

  void enter();
  /// Results are in their registers.
  void leaveAndReturn();
  /// Up to the instruction that leaves the function; behind that the frame is there again.
  void leave();
  void left();
  /// Puts the size into the code, when all slots are known.
  void fillSize();

private:
  bool isNeeded() const;

  std::uint32_t sizeAt_ = 0; ///< where in the code the size is, if there is a frame
  bool framed_ = false;
  bool probed_ = false;
};

} // namespace kiln::baseline
