// The files of src/report/page, as text in the program (cmake/EmbedText.cmake).
#pragma once

#include <string_view>

namespace kiln::report {

extern const std::string_view kPageFrame, kPageStyle, kPageScript;

} // namespace kiln::report
