/* mla_decode_avx2.c: mla_decode_v16.h with AVX2 and FMA. */
#include "kern/mla_decode/mla_decode_v16.h"

const fm_mla_decode_kernels fm_mla_decode_avx2 = {score, softmax, mix};
