/* mla_decode_avx512.c: mla_decode_v16.h with AVX-512. */
#include "kern/mla_decode/mla_decode_v16.h"

const fm_mla_decode_kernels fm_mla_decode_avx512 = {score, softmax, mix};
