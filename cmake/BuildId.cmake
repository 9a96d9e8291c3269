# cmake -DOUT=FILE -DROOT=FOLDER -DSALT=TEXT -P BuildId.cmake: writes a source file that names what this Kiln was built of.
# Code in the cache is of exactly one build: its objects call into the runtime and rely on its layouts and numbers.
file(GLOB_RECURSE sources RELATIVE ${ROOT} ${ROOT}/src/* ${ROOT}/include/*)
list(SORT sources)
set(text "${SALT}")
foreach(source IN LISTS sources)
  file(SHA256 ${ROOT}/${source} digest)
  string(APPEND text "\n${source} ${digest}")
endforeach()
string(SHA256 digest "${text}")
file(CONFIGURE OUTPUT ${OUT} CONTENT [[
#include "engine/BuildId.h"

namespace kiln {

constinit const std::string_view kBuildId = "@digest@";

} // namespace kiln
]] @ONLY)
