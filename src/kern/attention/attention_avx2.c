/* attention_avx2.c: attention_v16.h with AVX2 and FMA. */
#include "kern/attention/attention_v16.h"

const fm_attention_kernels fm_attention_avx2 = {forward, backward};
