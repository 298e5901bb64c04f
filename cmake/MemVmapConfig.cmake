# SPDX-License-Identifier: MIT
# The library needs no other package.
include(${CMAKE_CURRENT_LIST_DIR}/MemVmapTargets.cmake)
