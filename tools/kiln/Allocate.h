// Memory for the many small objects of a start.
#pragma once

namespace kiln::cli {

/// Once, on the main thread, before there are others. Without it operator new is as the C library has it.
void startArena();

} // namespace kiln::cli
