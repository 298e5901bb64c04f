# SPDX-License-Identifier: MIT
# The areas and formats that have fuzzers, each fuzz_AREA_FORMAT. `cmake -P fuzz/names.cmake` prints all fuzzers.
set(areas map protect batch)

# By architecture: each manual, each size of pages, both halves and stages.
set(x86_64 x86_64_4level x86_64_5level)
set(riscv riscv_sv39 riscv_sv57)
set(ept ept_4level)
set(aarch64 aarch64_4k aarch64_16k aarch64_64k aarch64_4k_lpa2 aarch64_64k_lpa aarch64_4k_upper aarch64_4k_stage2)

if(CMAKE_SCRIPT_MODE_FILE)
  foreach(format IN LISTS x86_64 riscv ept aarch64)
    foreach(area IN LISTS areas)
      message(fuzz_${area}_${format})
    endforeach()
  endforeach()
  message(fuzz_trace)
endif()
