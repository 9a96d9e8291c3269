# Kiln for hosts outside of this build: libkiln.a and libkiln.so, and what `cmake --install` brings.
#
# Both are made of the objects of all parts. A host that uses the archive links LLVM's archives itself, as kilnConfig.cmake
# and kiln-static.pc say; the shared library has them inside and exports nothing of them (src/kiln.map).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(kiln_parts GLOBAL PROPERTY KILN_PARTS)
set(kiln_objects "")
foreach(part IN LISTS kiln_parts)
  list(APPEND kiln_objects $<TARGET_OBJECTS:${part}>)
endforeach()

add_library(kiln_static STATIC ${kiln_objects})
set_target_properties(kiln_static PROPERTIES OUTPUT_NAME kiln EXPORT_NAME kiln LINKER_LANGUAGE CXX)
target_include_directories(kiln_static INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(kiln_static INTERFACE cxx_std_23)

# The parts are compiled as clang compiles by default, for position-independent executables, which costs the command nothing;
# because the version script binds all of their symbols inside the library, such objects can be in one. Thread-local
# variables are the exception (src/CMakeLists.txt). The library stays loaded: code of programs
# calls it, and threads that were in it end after the host has closed it.
add_library(kiln_shared SHARED support/SharedStderr.cpp ${kiln_objects})
set_target_properties(kiln_shared PROPERTIES OUTPUT_NAME kiln EXPORT_NAME shared LINKER_LANGUAGE CXX
  VERSION ${PROJECT_VERSION} SOVERSION 0 LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib
  LINK_DEPENDS ${PROJECT_SOURCE_DIR}/src/kiln.map)
target_include_directories(kiln_shared INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(kiln_shared INTERFACE cxx_std_23)
target_link_libraries(kiln_shared PRIVATE kiln_flags kiln_lld kiln_llvm_libs asmjit ${KILN_MBEDCRYPTO_A} ${KILN_HIREDIS_A})
target_link_options(kiln_shared PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/src/kiln.map -Wl,-Bsymbolic
  -Wl,--gc-sections -Wl,-O2 -Wl,--hash-style=gnu -Wl,-z,nodelete -Wl,-z,defs -Wl,--wrap=stderr)
# Nothing outside can call into LLVM here, so nobody misses it.
if(KILN_LLVM STREQUAL "static" AND NOT KILN_SANITIZE)
  kiln_leave_out(kiln_shared)
endif()

# --- Installation. Components: runtime (the command), library (libkiln.so.0), dev (headers, archive, packages of CMake and
# pkg-config).
install(TARGETS kiln_shared EXPORT kilnShared
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT dev)
install(TARGETS kiln_static EXPORT kilnStatic ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/kiln DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev
  FILES_MATCHING PATTERN "*.h")
set(kiln_cmake_folder ${CMAKE_INSTALL_LIBDIR}/cmake/kiln)
foreach(kind Shared Static)
  install(EXPORT kiln${kind} NAMESPACE kiln:: DESTINATION ${kiln_cmake_folder} COMPONENT dev)
endforeach()

# What the archive needs, by the names that CMake and the linker have for it.
# LLVM's archive `name` and what it needs, behind all that need it in turn: what GNU ld wants to see.
function(kiln_sort_archives name)
  get_property(seen GLOBAL PROPERTY KILN_SEEN_ARCHIVES)
  if(NOT name MATCHES "^LLVM" OR name IN_LIST seen OR NOT TARGET ${name})
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY KILN_SEEN_ARCHIVES ${name})
  get_target_property(needed ${name} INTERFACE_LINK_LIBRARIES)
  foreach(each IN LISTS needed)
    string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" each "${each}")
    kiln_sort_archives(${each})
  endforeach()
  get_property(sorted GLOBAL PROPERTY KILN_SORTED_ARCHIVES)
  set_property(GLOBAL PROPERTY KILN_SORTED_ARCHIVES ${name} ${sorted})
endfunction()
if(KILN_LLVM STREQUAL "static")
  set(kiln_static_llvm ${kiln_llvm_components})
  foreach(component IN LISTS kiln_llvm_components)
    kiln_sort_archives(${component})
  endforeach()
  get_property(kiln_llvm_archives GLOBAL PROPERTY KILN_SORTED_ARCHIVES)
else()
  set(kiln_static_llvm LLVM)
  set(kiln_llvm_archives LLVM)
endif()
set(kiln_static_libs "-L${LLVM_LIBRARY_DIRS} -llldELF -llldCommon")
foreach(library IN LISTS kiln_llvm_archives)
  string(APPEND kiln_static_libs " -l${library}")
endforeach()
string(APPEND kiln_static_libs " -lasmjit -lmbedcrypto -lhiredis -lzstd -lz -lrt -ldl -lm -pthread -lstdc++")

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/kilnConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/kilnConfig.cmake
  INSTALL_DESTINATION ${kiln_cmake_folder} NO_SET_AND_CHECK_MACRO)
# Before 1.0 every minor version may change the interface.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/kilnConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/kilnConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/kilnConfigVersion.cmake
  DESTINATION ${kiln_cmake_folder} COMPONENT dev)

file(RELATIVE_PATH kiln_prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" kiln_prefix_from_pc "${kiln_prefix_from_pc}")
foreach(file kiln.pc kiln-static.pc)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/${file}.in ${CMAKE_CURRENT_BINARY_DIR}/${file} @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${file} DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
endforeach()
