/* dtype.c: scalar conversions of dtype.h, bit by bit, for loading and saving (never an inner loop).
 * Refuses nothing: every bit pattern has a defined result. */
#include "tensor/dtype.h"

#include <string.h>

static const struct {
    const char *name;
    size_t size;
} types[FM_DTYPE_COUNT] = {
    [FM_F32] = {"F32", 4}, [FM_F16] = {"F16", 2}, [FM_BF16] = {"BF16", 2}, [FM_F8_E4M3] = {"F8_E4M3", 1},
    [FM_F64] = {"F64", 8}, [FM_I8] = {"I8", 1},   [FM_U8] = {"U8", 1},     [FM_I16] = {"I16", 2},
    [FM_I32] = {"I32", 4}, [FM_I64] = {"I64", 8}, [FM_BOOL] = {"BOOL", 1}};

size_t fm_dtype_size(fm_dtype dtype) { return (unsigned)dtype < FM_DTYPE_COUNT ? types[dtype].size : 0; }

const char *fm_dtype_name(fm_dtype dtype) {
    return (unsigned)dtype < FM_DTYPE_COUNT ? types[dtype].name : "?";
}

fm_dtype fm_dtype_from_name(const char *name) {
    int i = 0;
    while (i < FM_DTYPE_COUNT && strcmp(types[i].name, name) != 0) i++;
    return (fm_dtype)i;
}

float fm_f16_to_f32(uint16_t x) {
    uint32_t sign = (uint32_t)(x & 0x8000) << 16, exponent = x >> 10 & 31, fraction = x & 0x3ff;
    if (exponent == 31) return fm_f32_from_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent != 0) return fm_f32_from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float value = (float)fraction * 0x1p-24f; /* subnormal or zero */
    return sign ? -value : value;
}

uint16_t fm_f32_to_f16(float x) {
    uint32_t u = fm_f32_bits(x), sign = u >> 16 & 0x8000, mag = u & 0x7fffffffu;
    if (mag > 0x7f800000u) return (uint16_t)(sign | 0x7e00 | (mag >> 13 & 0x3ff));
    if (mag >= 0x477ff000u) return (uint16_t)(sign | 0x7c00); /* 65520 and above round to infinity */
    if (mag < 0x38800000u) { /* below 2^-14: fixed point in units of 2^-24, rounded by the f32 adder */
        float fixed = fm_f32_from_bits(mag) + 0.5f;
        return (uint16_t)(sign | (fm_f32_bits(fixed) - 0x3f000000u));
    }
    mag += 0xfffu + (mag >> 13 & 1);
    return (uint16_t)(sign | (mag - 0x38000000u) >> 13);
}

float fm_f8e4m3_to_f32(uint8_t x) {
    uint32_t sign = (uint32_t)(x & 0x80) << 24, exponent = x >> 3 & 15, fraction = x & 7;
    if ((x & 0x7f) == 0x7f) return fm_f32_from_bits(sign | 0x7fc00000u);
    if (exponent != 0) return fm_f32_from_bits(sign | (exponent + 120) << 23 | fraction << 20);
    float value = (float)fraction * 0x1p-9f;
    return sign ? -value : value;
}

uint8_t fm_f32_to_f8e4m3(float x) {
    uint32_t u = fm_f32_bits(x), mag = u & 0x7fffffffu;
    uint8_t sign = (uint8_t)(u >> 24 & 0x80);
    if (mag > 0x7f800000u) return (uint8_t)(sign | 0x7f);
    if (mag >= 0x43e00000u) return (uint8_t)(sign | 0x7e); /* 448 and above saturate */
    if (mag < 0x3c800000u) {                               /* below 2^-6: fixed point in units of 2^-9 */
        float fixed = fm_f32_from_bits(mag) + 16384.0f;    /* ulp of 2^14 is 2^-9 */
        return (uint8_t)(sign | (fm_f32_bits(fixed) - 0x46800000u));
    }
    mag += 0x7ffffu + (mag >> 20 & 1);
    uint32_t code = (mag - 0x3c000000u) >> 20;
    return (uint8_t)(sign | (code > 0x7e ? 0x7e : code));
}

void fm_convert_to_f32(float *out, const void *in, fm_dtype dtype, size_t n) {
    switch (dtype) {
    case FM_F32: memcpy(out, in, n * 4); break;
    case FM_F16:
        for (size_t i = 0; i < n; i++) out[i] = fm_f16_to_f32(((const uint16_t *)in)[i]);
        break;
    case FM_BF16:
        for (size_t i = 0; i < n; i++) out[i] = fm_bf16_to_f32(((const uint16_t *)in)[i]);
        break;
    case FM_F8_E4M3:
        for (size_t i = 0; i < n; i++) out[i] = fm_f8e4m3_to_f32(((const uint8_t *)in)[i]);
        break;
    case FM_F64:
        for (size_t i = 0; i < n; i++) out[i] = (float)((const double *)in)[i];
        break;
    case FM_I8:
        for (size_t i = 0; i < n; i++) out[i] = ((const int8_t *)in)[i];
        break;
    case FM_U8:
    case FM_BOOL:
        for (size_t i = 0; i < n; i++) out[i] = ((const uint8_t *)in)[i];
        break;
    case FM_I16:
        for (size_t i = 0; i < n; i++) out[i] = ((const int16_t *)in)[i];
        break;
    case FM_I32:
        for (size_t i = 0; i < n; i++) out[i] = (float)((const int32_t *)in)[i];
        break;
    case FM_I64:
        for (size_t i = 0; i < n; i++) out[i] = (float)((const int64_t *)in)[i];
        break;
    case FM_DTYPE_COUNT: break;
    }
}

void fm_convert_from_f32(void *out, const float *in, fm_dtype dtype, size_t n) {
    switch (dtype) {
    case FM_F32: memcpy(out, in, n * 4); break;
    case FM_F16:
        for (size_t i = 0; i < n; i++) ((uint16_t *)out)[i] = fm_f32_to_f16(in[i]);
        break;
    case FM_BF16:
        for (size_t i = 0; i < n; i++) ((uint16_t *)out)[i] = fm_f32_to_bf16(in[i]);
        break;
    case FM_F8_E4M3:
        for (size_t i = 0; i < n; i++) ((uint8_t *)out)[i] = fm_f32_to_f8e4m3(in[i]);
        break;
    default: break;
    }
}
