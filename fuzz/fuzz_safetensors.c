/* fuzz_safetensors.c: any bytes as a safetensors file; every tensor that is accepted is read from end to end. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file/safetensors.h"

static void read_all(const fm_safetensors *file) {
    uint8_t sum = 0;
    for (int i = 0; i < fm_safetensors_count(file); i++) {
        const fm_tensor *t = fm_safetensors_at(file, i);
        if (fm_safetensors_find(file, fm_safetensors_name(file, i)) != t) abort();
        size_t bytes = (size_t)fm_tensor_count(t) * fm_dtype_size(t->dtype);
        for (size_t k = 0; k < bytes; k++) sum ^= ((const uint8_t *)t->data)[k];
    }
    __asm__ volatile("" : : "r"(sum)); /* keeps the reads */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    fm_safetensors *file;
    fm_error err = {0};
    if (fm_safetensors_open(&file, path, &err) == FM_OK) read_all(file);
    fm_safetensors_close(file);
    close(fd);
    return 0;
}
