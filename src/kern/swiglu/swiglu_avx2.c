/* swiglu_avx2.c: swiglu_v16.h with AVX2 and FMA. */
#include "kern/swiglu/swiglu_v16.h"

const fm_swiglu_kernels fm_swiglu_avx2 = {forward, backward};
