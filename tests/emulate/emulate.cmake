# Kernels of instruction sets that the building machine may lack, built a second time on an emulation in plain C and
# linked into the checks only: fm_<op>_<isa>_emulated stands beside the native fm_<op>_<isa>. An operation takes part
# by being named here; its kernels may use the intrinsics that tests/emulate/avx512.h has.
set(FM_EMULATED gemm_avx512 gemm_avx512bf16 gemm_amx linear_avx512 attention_avx512
    mla_decode_avx512 swiglu_avx512 xent_avx512)
if(FM_X86)
  foreach(name ${FM_EMULATED})
    string(REGEX REPLACE "_[^_]*$" "" operation ${name})
    set(header avx512.h)
    if(name MATCHES "_amx$")
      set(header amx.h)
    endif()
    # Through a generated file, because the kernel's own carries the flags of its level; an object library each,
    # because each renames its own symbol.
    set(unit ${CMAKE_BINARY_DIR}/emulated/${name}.c)
    file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"${CMAKE_SOURCE_DIR}/src/kern/${operation}/${name}.c\"\n")
    add_library(emulated_${name} OBJECT ${unit})
    target_include_directories(emulated_${name} PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src
                               ${CMAKE_SOURCE_DIR}/tests)
    target_compile_definitions(emulated_${name} PRIVATE FM_X86=1 fm_${name}=fm_${name}_emulated)
    target_compile_options(emulated_${name} PRIVATE ${FM_FLAGS_avx2} -O1 -g0 -Wno-psabi -include emulate/${header})
    target_sources(fm_test_support PRIVATE $<TARGET_OBJECTS:emulated_${name}>)
  endforeach()
  target_compile_definitions(fm_test_support PUBLIC FM_EMULATED=1)
endif()
