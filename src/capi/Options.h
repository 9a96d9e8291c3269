// What the C API's opaque options and inputs are.
#pragma once

#include <deque>
#include <string>

#include "kiln/Engine.h"
#include "kiln/kiln.h"

struct kiln_options {
  kiln::Options options;
  kiln_observer observer = nullptr;
  void* observerContext = nullptr;
  kiln_uncompilable uncompilable = nullptr;
  void* uncompilableContext = nullptr;
};

struct kiln_input {
  kiln::ProgramInput input; ///< its buffers lie in `bytes`
  std::deque<std::string> bytes;
};
