/* test_base.c: the ground floor: errors, buffers, random streams, SHA-256, arena, files, own maths. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fmath.h"
#include "base/fs.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "tensor/dtype.h"

static void error_keeps_words(void **state) {
    (void)state;
    fm_error err = {0};
    assert_int_equal(fm_error_set(&err, FM_ERR_FORMAT, "%s: field %s", "a.json", "x"), FM_ERR_FORMAT);
    fm_error_prefix(&err, "loading %d", 7);
    assert_string_equal(err.message, "loading 7: a.json: field x");
    char longer[2000];
    memset(longer, 'y', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    fm_error_set(&err, FM_ERR_ARG, "%s", longer);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
}

static void sha256_known_answers(
    void **state) { /* FIPS 180-4 examples, and a length around each block edge */
    (void)state;
    char hex[FM_SHA256_HEX];
    fm_sha256_bytes("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    fm_sha256_bytes("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    fm_sha256_bytes(two, strlen(two), hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    static char bytes[300];
    for (int i = 0; i < 300; i++) bytes[i] = (char)(i % 251);
    for (size_t n = 50; n < 140; n++) { /* whole against byte by byte */
        char other[FM_SHA256_HEX];
        uint8_t digest[FM_SHA256_BYTES];
        fm_sha256 h;
        fm_sha256_init(&h);
        for (size_t i = 0; i < n; i++) fm_sha256_update(&h, bytes + i, 1);
        fm_sha256_final(&h, digest);
        fm_sha256_hex(digest, other);
        fm_sha256_bytes(bytes, n, hex);
        assert_string_equal(hex, other);
    }
}

static void rng_streams(void **state) {
    (void)state;
    fm_rng a = fm_rng_init(1, "data"), b = fm_rng_init(1, "init"), c = a;
    int same = 0;
    for (int i = 0; i < 1000; i++) same += fm_rng_u32(&a) == fm_rng_u32(&b);
    assert_true(same < 3);
    for (int i = 0; i < 1000; i++) fm_rng_u32(&c);
    assert_int_equal(fm_rng_u32(&a), fm_rng_u32(&c)); /* the state is the counter */
    int seen[7] = {0};
    for (int i = 0; i < 70000; i++) seen[fm_rng_below(&a, 7)]++;
    for (int i = 0; i < 7; i++) assert_in_range(seen[i], 9600, 10400);
    for (int i = 0; i < 1000; i++) {
        int64_t x = fm_rng_range(&a, -5, 5);
        assert_true(x >= -5 && x <= 5);
    }
    double sum = 0, squares = 0;
    for (int i = 0; i < 100000; i++) {
        double x = fm_rng_normal(&a);
        sum += x, squares += x * x;
    }
    assert_true(fabs(sum / 100000) < 0.02 && fabs(squares / 100000 - 1) < 0.02);
}

static void own_maths(void **state) {
    (void)state;
    double worst = 0;
    for (double x = -87.3; x < 88.7; x += 0.00371) {
        double want = exp((double)(float)x), got = fm_expf((float)x);
        double ulp = fabs(got - want) / (want * 0x1p-24);
        if (ulp > worst) worst = ulp;
        assert_true(fabs(fm_exp(x) / exp(x) - 1) < 1e-15 * 8);
    }
    assert_true(worst <= 4.0); /* in half ulps of the result's binade: 2 ulp */
    assert_true(isnan(fm_expf(NAN)) && fm_expf(1000) == INFINITY && fm_expf(-1000) == 0);
    for (double x = 1e-6; x < 1e6; x *= 1.01) {
        double s, c;
        fm_sincos(x, &s, &c);
        assert_true(fabs(s - sin(x)) < 1e-13 && fabs(c - cos(x)) < 1e-13);
        assert_true(fabs(fm_log(x) - log(x)) <= 4e-16 * fmax(1, fabs(log(x))));
    }
}

static void small_floats(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 65536; i++) {
        float h = fm_f16_to_f32((uint16_t)i);
        if (h == h) assert_int_equal(fm_f32_to_f16(h), i);
        float b = fm_bf16_to_f32((uint16_t)i);
        if (b == b) assert_int_equal(fm_f32_to_bf16(b), i);
    }
    for (uint32_t i = 0; i < 256; i++) {
        float f = fm_f8e4m3_to_f32((uint8_t)i);
        if (f == f) assert_int_equal(fm_f32_to_f8e4m3(f), i);
    }
    assert_true(fm_f8e4m3_to_f32(0x7e) == 448.0f && isnan(fm_f8e4m3_to_f32(0x7f)));
    assert_int_equal(fm_f32_to_bf16(1.00390625f), 0x3f80); /* ties to even */
    assert_int_equal(fm_f32_to_bf16(1.01171875f), 0x3f82);
    assert_int_equal(fm_f32_to_f16(65520.0f), 0x7c00);
    assert_int_equal(fm_f32_to_f16(65519.0f), 0x7bff);
}

static void arena_two_passes(void **state) {
    (void)state;
    fm_error err = {0};
    fm_arena arena;
    fm_arena_init(&arena, "test");
    assert_null(fm_arena_take(&arena, "a", 3, 4));
    assert_null(fm_arena_take(&arena, "b", 100, 1));
    fm_test_ok(fm_arena_commit(&arena, &err), &err);
    char *a = fm_arena_take(&arena, "a", 3, 4), *b = fm_arena_take(&arena, "b", 100, 1);
    assert_true(a && b && (uintptr_t)a % 64 == 0 && b >= a + 64);
    for (size_t size = 1 << 20; !arena.overflow; size *= 2) fm_arena_take(&arena, "c", size, 1);
    fm_arena_release(&arena);
    fm_arena_init(&arena, "test");
    fm_arena_take(&arena, "a", SIZE_MAX / 2, 4);
    fm_test_refused(fm_arena_commit(&arena, &err), &err, FM_ERR_LIMIT, "test", "overflow", NULL);
}

static void files_survive(void **state) {
    (void)state;
    fm_error err = {0};
    char path[1024];
    fm_test_ok(fm_path_join(path, sizeof path, fm_test_temp_dir(), "x", &err), &err);
    fm_test_ok(fm_file_write(path, "one", 3, &err), &err);
    fm_writer writer;
    fm_test_ok(fm_writer_begin(&writer, path, &err), &err);
    fm_test_ok(fm_writer_put(&writer, "two", 3, &err), &err);
    fm_writer_abort(&writer);
    fm_buf buf = {0};
    fm_test_ok(fm_file_read(path, 100, &buf, &err), &err);
    assert_string_equal(buf.data, "one");
    fm_test_refused(fm_file_read(path, 2, &buf, &err), &err, FM_ERR_LIMIT, path, "2 bytes", NULL);
    fm_test_refused(fm_file_read("/no/such", 2, &buf, &err), &err, FM_ERR_IO, "/no/such", "No such file",
                    NULL);
    fm_buf_release(&buf);
    fm_map map;
    fm_test_refused(fm_map_open(&map, fm_test_temp_dir(), &err), &err, FM_ERR_IO, "regular file", NULL);
    if (fm_path_exists("/dev/full")) { /* a full disk */
        fm_writer full = {.file = fopen("/dev/full", "wb")};
        strcpy(full.path, path), strcpy(full.temp, "/tmp/fathom-no-such-file");
        (void)fm_writer_put(&full, "x", 1, &err);
        fm_test_refused(fm_writer_commit(&full, &err), &err, FM_ERR_IO, "No space left", NULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_keeps_words), cmocka_unit_test(sha256_known_answers),
        cmocka_unit_test(rng_streams),       cmocka_unit_test(own_maths),
        cmocka_unit_test(small_floats),      cmocka_unit_test(arena_two_passes),
        cmocka_unit_test(files_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
