/* machine.c: reads /proc and /sys for machine.h. Refuses nothing: what is absent stays 0. */
#define _GNU_SOURCE
#include "dev/machine.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* First line of a small file, without its newline; "" when it cannot be read. */
static bool read_line(const char *path, char *out, size_t room) {
    out[0] = '\0';
    FILE *f = fopen(path, "r");
    if (f == NULL) return false;
    bool got = fgets(out, (int)room, f) != NULL;
    fclose(f);
    out[strcspn(out, "\n")] = '\0';
    return got;
}

/* "32K", "1024K", "32M" */
static int64_t parse_size(const char *text) {
    char *end;
    int64_t size = strtoll(text, &end, 10);
    if (*end == 'K') size <<= 10;
    if (*end == 'M') size <<= 20;
    return size;
}

/* "0-3,8" names five processors. */
static int count_list(const char *text) {
    int count = 0;
    while (*text != '\0') {
        char *end;
        long first = strtol(text, &end, 10), last = first;
        if (end == text) break;
        if (*end == '-') last = strtol(end + 1, &end, 10);
        count += (int)(last - first + 1);
        text = *end == ',' ? end + 1 : end;
    }
    return count;
}

static void read_caches(fm_machine *m) {
    for (int i = 0; m->caches < FM_MACHINE_CACHES; i++) {
        char path[128], text[256];
        int at = snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/", i);
        fm_cache c = {0};
        strcpy(path + at, "level");
        if (!read_line(path, text, sizeof text)) return;
        c.level = atoi(text);
        strcpy(path + at, "type");
        read_line(path, text, sizeof text);
        c.type = text[0] == 'D' ? 'd' : text[0] == 'I' ? 'i' : 'u';
        strcpy(path + at, "size");
        read_line(path, text, sizeof text);
        c.size_bytes = parse_size(text);
        strcpy(path + at, "coherency_line_size");
        read_line(path, text, sizeof text);
        c.line_bytes = atoi(text);
        strcpy(path + at, "shared_cpu_list");
        read_line(path, text, sizeof text);
        c.shared_by = count_list(text);
        m->cache[m->caches++] = c;
    }
}

static void read_memory(fm_machine *m) {
    FILE *f = fopen("/proc/meminfo", "r");
    char line[256];
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        long long kib;
        if (sscanf(line, "MemTotal: %lld", &kib) == 1) m->memory_bytes = kib << 10;
        if (sscanf(line, "MemAvailable: %lld", &kib) == 1) m->memory_available_bytes = kib << 10;
    }
    if (f != NULL) fclose(f);
    char text[256];
    if (read_line("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof text))
        sscanf(text, "%*[^[][%15[^]]", m->huge_pages); /* "always [madvise] never" */
    if (m->huge_pages[0] == '\0') sscanf(text, "[%15[^]]", m->huge_pages);
}

/* Control groups, version 2: what a container may use of the machine. */
static void read_limits(fm_machine *m) {
    char text[256];
    long long quota, period;
    if (read_line("/sys/fs/cgroup/cpu.max", text, sizeof text) &&
        sscanf(text, "%lld %lld", &quota, &period) == 2)
        m->quota = (double)quota / (double)period;
    if (read_line("/sys/fs/cgroup/memory.max", text, sizeof text) && sscanf(text, "%lld", &quota) == 1)
        m->memory_limit_bytes = quota;
}

void fm_machine_read(fm_machine *machine) {
    fm_machine *m = machine;
    *m = (fm_machine){0};
    cpu_set_t set;
    m->processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
    m->available = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : m->processors;
    read_caches(m);
    read_memory(m);
    read_limits(m);
    snprintf(m->rapl_path, sizeof m->rapl_path, "/sys/class/powercap/intel-rapl:0/energy_uj");
    if (access(m->rapl_path, F_OK) != 0)
        m->rapl_path[0] = '\0';
    else
        m->rapl = access(m->rapl_path, R_OK) == 0;
    struct utsname name;
    if (uname(&name) == 0)
        snprintf(m->system, sizeof m->system, "%.20s %.40s %.20s", name.sysname, name.release, name.machine);
}
