/* attention_avx512.c: attention_v16.h with AVX-512. */
#include "kern/attention/attention_v16.h"

const fm_attention_kernels fm_attention_avx512 = {forward, backward};
