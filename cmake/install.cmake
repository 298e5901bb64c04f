# SPDX-License-Identifier: MIT
# What `cmake --install` puts where: the library, its headers, a package for find_package(MemVmap), and
# the vmap tool where it was built. The manual pages are installed by docs/.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/MemVmap)
install(TARGETS memvmap EXPORT MemVmapTargets)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/mem TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
install(EXPORT MemVmapTargets NAMESPACE MemVmap:: DESTINATION ${package_dir})

write_basic_package_version_file(${PROJECT_BINARY_DIR}/MemVmapConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/MemVmapConfig.cmake
  ${PROJECT_BINARY_DIR}/MemVmapConfigVersion.cmake DESTINATION ${package_dir})

# The recorder is looked for under libexec, whatever the system's own name for that is.
if(TARGET vmap)
  install(TARGETS vmap)
  install(PROGRAMS ${PROJECT_SOURCE_DIR}/tools/record-trace DESTINATION libexec/memvmap)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/tools/recorder DESTINATION libexec/memvmap
    FILES_MATCHING PATTERN "*.py" PATTERN __pycache__ EXCLUDE)
endif()
