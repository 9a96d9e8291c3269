# kiln_part(NAME [LLVM] SOURCES ... DEPENDS ...): one folder of src/ as a library. A part sees only the
# parts it names, so that dependencies point one way; a part without LLVM cannot include its headers.
add_library(kiln_flags INTERFACE)
target_compile_options(kiln_flags INTERFACE
  -Wall -Wextra -Wno-unused-parameter -Wno-deprecated-declarations -fvisibility=hidden -ffunction-sections -fdata-sections
  $<$<COMPILE_LANGUAGE:CXX>:-fvisibility-inlines-hidden>)
if(KILN_SANITIZE)
  target_compile_options(kiln_flags INTERFACE -fsanitize=${KILN_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(kiln_flags INTERFACE -fsanitize=${KILN_SANITIZE})
  target_compile_definitions(kiln_flags INTERFACE KILN_SANITIZED=1)
endif()
if(KILN_FUZZ)
  target_compile_options(kiln_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
find_package(Threads REQUIRED)
target_link_libraries(kiln_flags INTERFACE Threads::Threads)

function(kiln_part name)
  cmake_parse_arguments(PART "LLVM" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(kiln_${name} STATIC ${PART_SOURCES})
  set_property(GLOBAL APPEND PROPERTY KILN_PARTS kiln_${name}) # for cmake/KilnLibrary.cmake
  target_include_directories(kiln_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(kiln_${name} PUBLIC kiln_flags)
  foreach(dep IN LISTS PART_DEPENDS)
    target_link_libraries(kiln_${name} PUBLIC kiln_${dep})
  endforeach()
  if(PART_LLVM)
    target_link_libraries(kiln_${name} PUBLIC kiln_llvm_headers PRIVATE kiln_llvm_libs)
  endif()
endfunction()
