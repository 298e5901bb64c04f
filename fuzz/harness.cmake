# SPDX-License-Identifier: MIT
# What the fuzzers, the replay of their corpus and the failure sweep share: a trace run with every oracle.
include_guard(GLOBAL)

add_library(memvmap_fuzz STATIC ${CMAKE_CURRENT_LIST_DIR}/run.c ${CMAKE_CURRENT_LIST_DIR}/input.c
  ${CMAKE_CURRENT_LIST_DIR}/spelling.c ${CMAKE_CURRENT_LIST_DIR}/mutate.c)
target_include_directories(memvmap_fuzz PUBLIC ${PROJECT_SOURCE_DIR})
target_compile_options(memvmap_fuzz PRIVATE -Wall -Wextra -Werror)
target_link_libraries(memvmap_fuzz PUBLIC memvmap_replay memvmap_oracle)

# The fuzzer of operations is compiled once; which area and format it is of is all that differs.
add_library(memvmap_fuzz_ops OBJECT ${CMAKE_CURRENT_LIST_DIR}/fuzz_ops.c)
target_compile_options(memvmap_fuzz_ops PRIVATE -Wall -Wextra -Werror)
target_link_libraries(memvmap_fuzz_ops PUBLIC memvmap_fuzz)

# One fuzzer of operations for each area and format, and one of the parser: `link` sees each once.
#   memvmap_fuzzers(SUFFIX LINK...) makes fuzz_AREA_FORMAT${SUFFIX}, linked with LINK.
function(memvmap_fuzzers suffix)
  include(${PROJECT_SOURCE_DIR}/fuzz/names.cmake)
  set(fuzzers)
  foreach(architecture IN LISTS MEM_VMAP_ARCHITECTURES)
    foreach(format IN LISTS ${architecture})
      foreach(area IN LISTS areas)
        set(name fuzz_${area}_${format}${suffix})
        string(TOUPPER AREA_${area} enum)
        add_executable(${name} ${PROJECT_SOURCE_DIR}/fuzz/target.c)
        target_compile_definitions(${name} PRIVATE FUZZ_AREA=${enum} FUZZ_FORMAT="${format}")
        target_link_libraries(${name} PRIVATE memvmap_fuzz_ops)
        list(APPEND fuzzers ${name})
      endforeach()
    endforeach()
  endforeach()
  add_executable(fuzz_trace${suffix} ${PROJECT_SOURCE_DIR}/fuzz/fuzz_trace.c)
  target_link_libraries(fuzz_trace${suffix} PRIVATE memvmap_trace)
  list(APPEND fuzzers fuzz_trace${suffix})
  foreach(name ${fuzzers})
    target_compile_options(${name} PRIVATE -Wall -Wextra -Werror)
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE ${ARGN})
  endforeach()
  set(MEMVMAP_FUZZERS ${fuzzers} PARENT_SCOPE)
endfunction()
