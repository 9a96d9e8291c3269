# What belongs to the command beside the binary (manual pages, completions, documents), and Debian packages by CPack:
# kiln, libkiln0 and libkiln-dev. `make package` builds them; cmake/KilnLibrary.cmake has the library's part of the installation.
include(GNUInstallDirs)
install(TARGETS kiln_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)

# The command writes its manual pages and completions itself, from its table of options.
set(manual ${CMAKE_BINARY_DIR}/manual)
find_program(KILN_GZIP gzip REQUIRED)
add_custom_command(OUTPUT ${manual}/done
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${manual}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${manual}
  COMMAND kiln_command --generate man ${manual}/man
  COMMAND kiln_command --generate bash ${manual}/bash
  COMMAND kiln_command --generate zsh ${manual}/zsh
  COMMAND kiln_command --generate fish ${manual}/fish
  COMMAND kiln_command --generate markdown ${manual}/docs
  COMMAND sh -c "exec \"$0\" -9n \"$1\"/*.1" ${KILN_GZIP} ${manual}/man
  COMMAND ${CMAKE_COMMAND} -E touch ${manual}/done
  DEPENDS kiln_command VERBATIM)
add_custom_target(kiln_manual ALL DEPENDS ${manual}/done)
install(DIRECTORY ${manual}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT runtime FILES_MATCHING PATTERN "*.1.gz")
install(FILES ${manual}/bash/kiln DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT runtime)
install(FILES ${manual}/zsh/_kiln DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT runtime)
install(FILES ${manual}/fish/kiln.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT runtime)
set(kiln_docs ${CMAKE_INSTALL_DATADIR}/doc)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${kiln_docs}/kiln COMPONENT runtime FILES_MATCHING PATTERN "*.md")
install(FILES ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${kiln_docs}/kiln COMPONENT runtime)

# Who answers for the packages is whoever makes them. `.invalid` is nobody's (RFC 2606).
set(KILN_PACKAGE_CONTACT "Maintainer not set <KILN_PACKAGE_CONTACT@kiln.invalid>" CACHE STRING
  "Who answers for the packages, as 'Name <address>': their Maintainer")
if(NOT KILN_PACKAGE_CONTACT MATCHES "^[^<>,\n]+ <[^<>@ \n]+@[^<>@ \n]+>$")
  message(FATAL_ERROR "KILN_PACKAGE_CONTACT is '${KILN_PACKAGE_CONTACT}', not of the form 'Name <address>'")
endif()

# --- Debian packages. Each has its licence and change log; the archive's has no symbols to strip but those of its functions.
configure_file(${PROJECT_SOURCE_DIR}/packaging/changelog.in ${CMAKE_BINARY_DIR}/packaging/changelog @ONLY)
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/packaging/changelog.gz
  COMMAND ${KILN_GZIP} -9nkf ${CMAKE_BINARY_DIR}/packaging/changelog
  DEPENDS ${CMAKE_BINARY_DIR}/packaging/changelog VERBATIM)
add_custom_target(kiln_changelog ALL DEPENDS ${CMAKE_BINARY_DIR}/packaging/changelog.gz)
foreach(pair runtime/kiln library/libkiln0 dev/libkiln-dev)
  get_filename_component(component ${pair} DIRECTORY)
  get_filename_component(package ${pair} NAME)
  install(FILES ${PROJECT_SOURCE_DIR}/packaging/copyright ${CMAKE_BINARY_DIR}/packaging/changelog.gz
    DESTINATION ${kiln_docs}/${package} COMPONENT ${component})
  if(EXISTS ${PROJECT_SOURCE_DIR}/packaging/${package}.overrides)
    install(FILES ${PROJECT_SOURCE_DIR}/packaging/${package}.overrides RENAME ${package}
      DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides COMPONENT ${component})
  endif()
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package})
  set(CPACK_DEBIAN_${upper}_FILE_NAME DEB-DEFAULT)
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME kiln)
set(CPACK_PACKAGE_VENDOR "The Kiln maintainers")
set(CPACK_PACKAGE_CONTACT "${KILN_PACKAGE_CONTACT}")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 0)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL runtime library dev)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(about "Kiln runs LLVM bitcode. A program starts at once, in an interpreter or in
native code made on the spot; functions that prove hot are compiled in the
background by LLVM, up to O3 for this machine's CPU, while the program runs.")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
# A program in C++ needs its runtime; Kiln has its own inside. Zydis prints baseline code.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS "libstdc++6, libzydis4.0")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS "clang-19, libkiln-dev, libc6-dev")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SUGGESTS "libzydis4.0")
set(CPACK_COMPONENT_RUNTIME_DISPLAY_NAME "self-optimising runtime for LLVM bitcode")
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "self-optimising runtime for LLVM bitcode\n${about}\n\nThis package has the command kiln.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
# As policy wants it; CPack's own scripts call ldconfig once more.
file(WRITE ${CMAKE_BINARY_DIR}/packaging/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CMAKE_BINARY_DIR}/packaging/triggers)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "self-optimising runtime for LLVM bitcode, library\n${about}\n\nThis package has the shared library for programs that embed Kiln.")
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libkiln0 (= ${PROJECT_VERSION})")
# Only who links the archive needs these.
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS
  "llvm-${LLVM_VERSION_MAJOR}-dev, liblld-${LLVM_VERSION_MAJOR}-dev, libasmjit-dev, libmbedtls-dev, libhiredis-dev, libzstd-dev, zlib1g-dev")
set(CPACK_COMPONENT_DEV_DESCRIPTION "self-optimising runtime for LLVM bitcode, for hosts\n${about}\n\nThis package has headers, the static library, and what CMake and pkg-config
need to find them.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS OFF)
include(CPack)
