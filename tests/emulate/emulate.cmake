# Kernels of instruction sets that the building machine may lack, built a second time on an emulation and linked into
# the checks only: <object>_emulated stands beside the native <object>. Needs SIMDe (Debian: libsimde-dev) and a
# processor with AVX2; without SIMDe the checks say that these sets are skipped.
include(CheckIncludeFile)
check_include_file(simde/simde-arch.h FM_HAVE_SIMDE)
option(FM_EMULATE "Build the kernels of absent instruction sets on SIMDe for the checks (slow to compile)" OFF)
if(FM_X86 AND FM_HAVE_SIMDE AND FM_EMULATE)
  file(GLOB FM_EMULATED_FILES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/kern/*/*_avx512.c
       ${CMAKE_SOURCE_DIR}/src/kern/*/*_avx512vnni.c ${CMAKE_SOURCE_DIR}/src/kern/*/*_avx512bf16.c
       ${CMAKE_SOURCE_DIR}/src/kern/*/*_amx.c)
  # SIMDe's own code is not held to our warnings.
  set(flags ${FM_FLAGS_avx2} -Wno-psabi -Wno-all -Wno-extra -Wno-shadow -Wno-missing-prototypes -Wno-strict-prototypes
      -Wno-pointer-arith -Wno-unused-function)
  # At -O3 -g each of these files takes minutes to compile (linear_avx512: 90 s against 8 s); checks need no speed.
  list(APPEND flags -O1 -g0)
  foreach(file ${FM_EMULATED_FILES})
    get_filename_component(name ${file} NAME_WE)
    set(header avx512.h)
    if(name MATCHES "_amx$")
      set(header amx.h)
    endif()
    # An object library per file, because every file renames its own symbol; through a generated file, because the
    # kernel's own carries the flags of its level.
    set(unit ${CMAKE_BINARY_DIR}/emulated/${name}.c)
    file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"${file}\"\n")
    add_library(emulated_${name} OBJECT ${unit})
    target_include_directories(emulated_${name} PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src
                               ${CMAKE_SOURCE_DIR}/tests)
    target_compile_definitions(emulated_${name} PRIVATE FM_X86=1 fm_${name}=fm_${name}_emulated)
    target_compile_options(emulated_${name} PRIVATE ${flags} -include emulate/${header})
    target_sources(fm_test_support PRIVATE $<TARGET_OBJECTS:emulated_${name}>)
  endforeach()
  target_compile_definitions(fm_test_support PUBLIC FM_EMULATED=1)
endif()
