/* energy.c: see energy.h. Refuses nothing: without a readable counter it reports none. */
#include "train/energy.h"

#include <stdio.h>

static bool read_number(int package, const char *file, uint64_t *out) {
    char path[128];
    snprintf(path, sizeof path, "/sys/class/powercap/intel-rapl:%d/%s", package, file);
    FILE *in = fopen(path, "r");
    if (in == NULL) return false;
    unsigned long long value = 0;
    bool good = fscanf(in, "%llu", &value) == 1;
    fclose(in);
    *out = value;
    return good;
}

void fm_energy_open(fm_energy *energy) {
    *energy = (fm_energy){0};
    while (energy->packages < FM_ENERGY_PACKAGES &&
           read_number(energy->packages, "energy_uj", &energy->last[energy->packages]) &&
           read_number(energy->packages, "max_energy_range_uj", &energy->wrap[energy->packages]))
        energy->packages++;
    energy->readable = energy->packages > 0;
}

void fm_energy_update(fm_energy *energy) {
    for (int p = 0; p < energy->packages; p++) {
        uint64_t now;
        if (!read_number(p, "energy_uj", &now)) continue;
        uint64_t used =
            now >= energy->last[p] ? now - energy->last[p] : now + energy->wrap[p] - energy->last[p];
        energy->joules += 1e-6 * (double)used;
        energy->last[p] = now;
    }
}
