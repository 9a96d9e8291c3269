# Finds LLVM 19 and offers it as the target kiln::llvm. Static linking keeps process start cheap:
# the shared library's 124 MB are relocated before main() runs.
find_package(LLVM 19.1 REQUIRED CONFIG)

add_library(kiln_llvm_headers INTERFACE)
target_include_directories(kiln_llvm_headers SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
separate_arguments(kiln_llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_definitions(kiln_llvm_headers INTERFACE _GNU_SOURCE)

add_library(kiln_llvm_libs INTERFACE)
target_link_libraries(kiln_llvm_libs INTERFACE kiln_llvm_headers)
if(KILN_LLVM STREQUAL "shared")
  target_link_libraries(kiln_llvm_libs INTERFACE LLVM)
elseif(KILN_LLVM STREQUAL "static")
  # Only the components Kiln calls; the linker drops what they do not reach.
  llvm_map_components_to_libnames(kiln_llvm_components
    core irreader bitreader bitwriter linker passes x86codegen x86asmparser jitlink debuginfodwarf option)
  # zlib and zstd come in through LLVMSupport; take their archives so that no shared library is
  # loaded at start for them.
  get_target_property(kiln_support_deps LLVMSupport INTERFACE_LINK_LIBRARIES)
  find_library(KILN_ZLIB_A libz.a REQUIRED)
  find_library(KILN_ZSTD_A libzstd.a REQUIRED)
  list(TRANSFORM kiln_support_deps REPLACE ".*ZLIB::ZLIB.*" "${KILN_ZLIB_A}")
  list(TRANSFORM kiln_support_deps REPLACE ".*zstd::.*" "${KILN_ZSTD_A}")
  # Debian's LLVM names Z3 as well, for a solver that only its analyzers call.
  list(FILTER kiln_support_deps EXCLUDE REGEX "[Zz]3")
  set_target_properties(LLVMSupport PROPERTIES INTERFACE_LINK_LIBRARIES "${kiln_support_deps}")
  target_link_libraries(kiln_llvm_libs INTERFACE ${kiln_llvm_components})
else()
  message(FATAL_ERROR "KILN_LLVM must be 'static' or 'shared', not '${KILN_LLVM}'")
endif()

# The linker of exported programs. Debian's archives have all formats; only ELF is taken.
find_library(KILN_LLD_ELF liblldELF.a PATHS ${LLVM_LIBRARY_DIRS} NO_DEFAULT_PATH REQUIRED)
find_library(KILN_LLD_COMMON liblldCommon.a PATHS ${LLVM_LIBRARY_DIRS} NO_DEFAULT_PATH REQUIRED)
add_library(kiln_lld INTERFACE)
target_link_libraries(kiln_lld INTERFACE ${KILN_LLD_ELF} ${KILN_LLD_COMMON} kiln_llvm_libs)
