/* fuzz_config.c: any bytes as config.json; what is accepted must count and survive writing and reading again. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "model/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fm_config config, again;
    fm_error err = {0};
    fm_buf text = {0};
    if (fm_config_parse(&config, (const char *)data, size, "fuzz", &err) != FM_OK) return 0;
    fm_param_count count = fm_config_count(&config);
    if (count.total <= 0 || count.active <= 0 || count.active > count.total || count.mtp < 0) abort();
    if (fm_config_write(&config, "bfloat16", &text, &err) != FM_OK) abort();
    if (fm_config_parse(&again, text.data, text.size, "again", &err) != FM_OK) abort();
    if (memcmp(&config, &again, sizeof config) != 0) abort();
    fm_buf_release(&text);
    return 0;
}
