/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/plan/cgroup-translate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/strv.h"

/* What version 1 says of a limit that is none. */
#define UNLIMITED UINT64_C(9223372036854771712)

#define SHARES_MIN 2U
#define SHARES_MAX 262144U
#define BLKIO_MIN 10U
#define BLKIO_MAX 1000U
#define WEIGHT_MAX 10000U

struct CgroupFile {
        const char *v1, *v2; /* a "*" in both stands for the same */
        int (*to_v2)(const CgroupFile *file, const char *value, const char *companion, char *ret);
        int (*to_v1)(const CgroupFile *file, const char *text, const char *companion, FILE *out);
        const char *companion;
        const char *word; /* of a line of io.max */
        const char *lost;
        bool per_device;
};

static int put(char *ret, const char *format, ...) _printf_(2, 3);

static int put(char *ret, const char *format, ...)
{
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(ret, CGROUP_VALUE_SIZE, format, ap);
        va_end(ap);
        return n >= 0 && n < CGROUP_VALUE_SIZE ? 0 : -EINVAL;
}

/* ---- as they are */

static int same_v2(const CgroupFile *file, const char *value, const char *companion, char *ret)
{
        return put(ret, "%s", value);
}

static int same_v1(const CgroupFile *file, const char *text, const char *companion, FILE *out)
{
        (void) fputs(text, out);
        return 0;
}

static int only_read(const CgroupFile *file, const char *value, const char *companion, char *ret)
{
        return -EROFS;
}

/* ---- sizes */

/* "512M" and the like; -1: UINT64_MAX. */
static int parse_size(const char *text, uint64_t *ret)
{
        static const char units[] = "KMGT";
        char digits[24];
        size_t n = strspn(text, "0123456789");
        const char *unit = text[n] ? strchr(units, text[n] & ~0x20) : NULL;
        uint64_t number;

        if (streq(text, "-1") || streq(text, "max")) {
                *ret = UINT64_MAX;
                return 0;
        }
        if (n == 0 || n >= sizeof(digits) || (text[n] && (!unit || text[n + 1])))
                return -EINVAL;
        (void) snprintf(digits, sizeof(digits), "%.*s", (int) n, text);
        if (parse_u64(digits, &number) < 0)
                return -EINVAL;
        for (ptrdiff_t i = unit ? unit - units + 1 : 0; i > 0; i--)
                if (__builtin_mul_overflow(number, 1024, &number))
                        return -EINVAL;
        *ret = number;
        return 0;
}

static int limit_v2(const CgroupFile *file, const char *value, const char *companion, char *ret)
{
        return put(ret, "%s", streq(value, "-1") ? "max" : value);
}

static int limit_v1(const CgroupFile *file, const char *text, const char *companion, FILE *out)
{
        if (streq(text, "max"))
                (void) fprintf(out, "%" PRIu64, UNLIMITED);
        else
                (void) fputs(text, out);
        return 0;
}

/* Version 1 counts memory and swap together, version 2 swap alone. */
static int memsw_v2(const CgroupFile *file, const char *value, const char *companion, char *ret)
{
        uint64_t both, memory;

        if (parse_size(value, &both) < 0)
                return -EINVAL;
        if (both == UINT64_MAX || both >= UNLIMITED)
                return put(ret, "max");
        if (!companion || parse_size(companion, &memory) < 0 || both < memory)
                return -EINVAL;
        return put(ret, "%" PRIu64, both - memory);
}

static int memsw_v1(const CgroupFile *file, const char *text, const char *companion, FILE *out)
{
        uint64_t swap, memory;

        if (!companion || parse_size(text, &swap) < 0 || parse_size(companion, &memory) < 0)
                return -EBADMSG;
        if (swap >= UNLIMITED || memory >= UNLIMITED || swap + memory > UNLIMITED)
                swap = UNLIMITED - (memory = 0);
        (void) fprintf(out, "%" PRIu64, swap + memory);
        return 0;
}

/* ---- weights */

/* From one scale to the other, as crun and runc do. */
static uint64_t rescale(uint64_t n, uint64_t from_min, uint64_t from_max)
{
        n = n < from_min ? from_min : n;
        return 1 + (n - from_min) * (WEIGHT_MAX - 1) / (from_max - from_min);
}

/* Many values of version 1 become the same one of version 2: of these the power of two, which is what
 * was written most likely, else the least. */
static uint64_t rescale_back(uint64_t weight, uint64_t to_min, uint64_t to_max)
{
        uint64_t n = to_min + (weight - 1) * (to_max - to_min) / (WEIGHT_MAX - 1);

        while (n < to_max && rescale(n, to_min, to_max) < weight)
                n++;
        for (uint64_t power = 1; power <= to_max; power *= 2)
                if (power >= n && rescale(power, to_min, to_max) == weight)
                        return power;
        return n;
}

static int shares_v2(const CgroupFile *file, const char *value, const char *companion, char *ret)
{
        uint64_t n;

        if (parse_u64(value, &n) < 0 || n > SHARES_MAX)
                return -EINVAL;
        return put(ret, "%" PRIu64, rescale(n, SHARES_MIN, SHARES_MAX));
}

static int shares_v1(const CgroupFile *file, const char *text, const char *companion, FILE *out)
{
        uint64_t n;

        if (parse_u64(text, &n) < 0 || n < 1 || n > WEIGHT_MAX)
                return -EBADMSG;
        (void) fprintf(out, "%" PRIu64, rescale_back(n, SHARES_MIN, SHARES_MAX));
        return 0;
}

static int blkio_v2(const CgroupFile *file, const char *value, const char *companion, char *ret)
{
        uint64_t n;

        if (parse_u64(value, &n) < 0 || n < BLKIO_MIN || n > BLKIO_MAX)
                return -EINVAL;
        return put(ret, "%" PRIu64, rescale(n, BLKIO_MIN, BLKIO_MAX));
}

/* "default 100" and then lines of devices. */
static int blkio_v1(const CgroupFile *file, const char *text, const char *companion, FILE *out)
{
        const char *number = startswith(text, "default ");
        char *end;
        unsigned long n = strtoul(number ? number : text, &end, 10);

        if (n < 1 || n > WEIGHT_MAX || (*end && *end != '\n'))
                return -EBADMSG;
        (void) fprintf(out, "%" PRIu64, rescale_back(n, BLKIO_MIN, BLKIO_MAX));
        return 0;
}

/* ---- devices: "8:0 1000" */

static int split_device(const char *value, char device[static 32], uint64_t *ret)
{
        _cleanup_(strv_free_p) char **words = NULL;

        if (strv_split(&words, value, " \t") < 0 || strv_length(words) != 2 ||
            strlen(words[0]) >= 32 || !strchr(words[0], ':') ||
            words[0][strspn(words[0], "0123456789:")] || parse_u64(words[1], ret) < 0)
                return -EINVAL;
        (void) snprintf(device, 32, "%s", words[0]);
        return 0;
}

static int
blkio_device_v2(const CgroupFile *file, const char *value, const char *companion, char *ret)
{
        char device[32];
        uint64_t n;

        if (split_device(value, device, &n) < 0 || n < BLKIO_MIN || n > BLKIO_MAX)
                return -EINVAL;
        return put(ret, "%s %" PRIu64, device, rescale(n, BLKIO_MIN, BLKIO_MAX));
}

static int throttle_v2(const CgroupFile *file, const char *value, const char *companion, char *ret)
{
        char device[32];
        uint64_t n;

        if (split_device(value, device, &n) < 0)
                return -EINVAL;
        if (n == 0)
                return put(ret, "%s %s=max", device, file->word);
        return put(ret, "%s %s=%" PRIu64, device, file->word, n);
}

/* "8:0 rbps=1000 wbps=max riops=max wiops=max" */
static int throttle_v1(const CgroupFile *file, const char *text, const char *companion, FILE *out)
{
        _cleanup_(strv_free_p) char **lines = NULL;
        const char *separator = "";

        if (strv_split(&lines, text, "\n") < 0)
                return -ENOMEM;
        strv_foreach(line, lines) {
                _cleanup_(strv_free_p) char **words = NULL;

                if (strv_split(&words, *line, " ") < 0)
                        return -ENOMEM;
                strv_foreach(word, words) {
                        const char *number = startswith(*word, file->word);

                        if (!number || *number != '=' || streq(number, "=max"))
                                continue;
                        (void) fprintf(out, "%s%s %s", separator, words[0], number + 1);
                        separator = "\n";
                }
        }
        return 0;
}

/* ---- processor time: "QUOTA PERIOD" */

/* Without its companion, the period that is in force stays. */
static int quota_v2(const CgroupFile *file, const char *value, const char *companion, char *ret)
{
        const char *most = value[0] == '-' ? "max" : value;

        return companion ? put(ret, "%s %s", most, companion) : put(ret, "%s", most);
}

static int quota_v1(const CgroupFile *file, const char *text, const char *companion, FILE *out)
{
        size_t n = strcspn(text, " ");

        if (startswith(text, "max"))
                (void) fputs("-1", out);
        else
                (void) fprintf(out, "%.*s", (int) n, text);
        return 0;
}

static int period_v2(const CgroupFile *file, const char *value, const char *companion, char *ret)
{
        return put(ret, "%s %s", !companion || companion[0] == '-' ? "max" : companion, value);
}

static int period_v1(const CgroupFile *file, const char *text, const char *companion, FILE *out)
{
        const char *space = strchr(text, ' ');

        if (!space)
                return -EBADMSG;
        (void) fputs(space + 1, out);
        return 0;
}

static int usage_v1(const CgroupFile *file, const char *text, const char *companion, FILE *out)
{
        const char *number = startswith(text, "usage_usec ");

        if (!number)
                return -EBADMSG;
        (void) fprintf(out, "%" PRIu64, (uint64_t) strtoull(number, NULL, 10) * 1000);
        return 0;
}

/* ---- the table */

#define SUCCESSOR(to_v2_, to_v1_) .to_v2 = to_v2_, .to_v1 = to_v1_
#define THROTTLE(name) SUCCESSOR(throttle_v2, throttle_v1), .word = name, .per_device = true
#define LOST(sentence) .lost = sentence

static const char lost_kernel_memory[] = "version 2 counts the kernel's memory with all other";
static const char lost_packets[] = "version 2 has no marks for packets: match on the control group "
                                   "in the packet filter";

/* clang-format off */
static const CgroupFile files[] = {
        { "blkio.bfq.weight",                "io.bfq.weight",         SUCCESSOR(blkio_v2, blkio_v1) },
        { "blkio.throttle.read_bps_device",  "io.max",                THROTTLE("rbps") },
        { "blkio.throttle.read_iops_device", "io.max",                THROTTLE("riops") },
        { "blkio.throttle.write_bps_device", "io.max",                THROTTLE("wbps") },
        { "blkio.throttle.write_iops_device", "io.max",               THROTTLE("wiops") },
        { "blkio.weight",                    "io.weight",             SUCCESSOR(blkio_v2, blkio_v1) },
        { "blkio.weight_device",             "io.weight",             SUCCESSOR(blkio_device_v2, same_v1), .per_device = true },
        { "blkio.*",                         NULL,                    LOST("version 2 has nothing like it") },
        { "cpu.cfs_period_us",               "cpu.max",               SUCCESSOR(period_v2, period_v1), .companion = "cpu.cfs_quota_us" },
        { "cpu.cfs_quota_us",                "cpu.max",               SUCCESSOR(quota_v2, quota_v1), .companion = "cpu.cfs_period_us" },
        { "cpu.rt_period_us",                NULL,                    LOST("version 2 does not share out real time") },
        { "cpu.rt_runtime_us",               NULL,                    LOST("version 2 does not share out real time") },
        { "cpu.shares",                      "cpu.weight",            SUCCESSOR(shares_v2, shares_v1) },
        { "cpuacct.usage",                   "cpu.stat",              SUCCESSOR(only_read, usage_v1) },
        { "cpuacct.*",                       NULL,                    LOST("version 2 has it in 'cpu.stat'") },
        { "cpuset.effective_cpus",           "cpuset.cpus.effective", SUCCESSOR(only_read, same_v1) },
        { "cpuset.effective_mems",           "cpuset.mems.effective", SUCCESSOR(only_read, same_v1) },
        { "cpuset.cpus",                     "cpuset.cpus",           SUCCESSOR(same_v2, same_v1) },
        { "cpuset.mems",                     "cpuset.mems",           SUCCESSOR(same_v2, same_v1) },
        { "cpuset.*",                        NULL,                    LOST("version 2 has nothing like it") },
        { "freezer.state",                   NULL,                    LOST("a container starts thawed") },
        { "freezer.*",                       NULL,                    LOST("version 2 has nothing like it") },
        { "hugetlb.*.limit_in_bytes",        "hugetlb.*.max",         SUCCESSOR(limit_v2, limit_v1) },
        { "hugetlb.*.usage_in_bytes",        "hugetlb.*.current",     SUCCESSOR(only_read, same_v1) },
        { "memory.kmem.*",                   NULL,                    LOST(lost_kernel_memory) },
        { "memory.limit_in_bytes",           "memory.max",            SUCCESSOR(limit_v2, limit_v1) },
        { "memory.max_usage_in_bytes",       "memory.peak",           SUCCESSOR(only_read, same_v1) },
        { "memory.memsw.limit_in_bytes",     "memory.swap.max",       SUCCESSOR(memsw_v2, memsw_v1), .companion = "memory.limit_in_bytes" },
        { "memory.memsw.*",                  NULL,                    LOST("version 2 has it in 'memory.swap.current' and 'memory.current'") },
        { "memory.move_charge_at_immigrate", NULL,                    LOST("version 2 has nothing like it") },
        { "memory.oom_control",              NULL,                    LOST("version 2 always ends a process then") },
        { "memory.soft_limit_in_bytes",      "memory.low",            SUCCESSOR(limit_v2, limit_v1) },
        { "memory.swappiness",               NULL,                    LOST("version 2 has one for the host: 'vm.swappiness'") },
        { "memory.usage_in_bytes",           "memory.current",        SUCCESSOR(only_read, same_v1) },
        { "memory.use_hierarchy",            NULL,                    LOST("version 2 always does") },
        { "net_cls.*",                       NULL,                    LOST(lost_packets) },
        { "net_prio.*",                      NULL,                    LOST(lost_packets) },
        { "notify_on_release",               NULL,                    LOST("version 2 has nothing like it") },
        { "pids.max",                        "pids.max",              SUCCESSOR(same_v2, same_v1) },
        { "release_agent",                   NULL,                    LOST("version 2 has nothing like it") },
        { "tasks",                           NULL,                    LOST("version 2 has it in 'cgroup.procs'") },
};
/* clang-format on */

/* What the "*" of the pattern stands for: *ret_size bytes. */
static const char *match(const char *pattern, const char *name, size_t *ret_size)
{
        const char *star = strchr(pattern, '*');
        size_t before = star ? (size_t) (star - pattern) : 0;
        const char *end;

        *ret_size = 0;
        if (!star)
                return streq(pattern, name) ? name : NULL;
        if (strncmp(pattern, name, before) != 0)
                return NULL;
        end = endswith(name, star + 1);
        if (!end || end <= name + before)
                return NULL;
        *ret_size = (size_t) (end - (name + before));
        return name + before;
}

const CgroupFile *cgroup_file_find(const char *v1)
{
        size_t n;

        for (size_t i = 0; i < ELEMENTS(files); i++)
                if (match(files[i].v1, v1, &n))
                        return &files[i];
        return NULL;
}

const char *cgroup_file_lost(const CgroupFile *file)
{
        return file->lost;
}

void cgroup_file_name(const CgroupFile *file, const char *v1, char ret[static CGROUP_NAME_SIZE])
{
        const char *star = strchr(file->v2, '*');
        size_t n;
        const char *middle = match(file->v1, v1, &n);

        if (!star)
                (void) snprintf(ret, CGROUP_NAME_SIZE, "%s", file->v2);
        else
                (void) snprintf(ret, CGROUP_NAME_SIZE, "%.*s%.*s%s", (int) (star - file->v2),
                                file->v2, (int) n, middle, star + 1);
}

const char *cgroup_file_companion(const CgroupFile *file)
{
        return file->companion;
}

bool cgroup_file_is_per_device(const CgroupFile *file)
{
        return file->per_device;
}

int cgroup_file_to_v2(const CgroupFile *file,
                      const char *value,
                      const char *companion,
                      char ret[static CGROUP_VALUE_SIZE])
{
        return file->to_v2(file, value, companion, ret);
}

int cgroup_file_to_v1(const CgroupFile *file, const char *text, const char *companion, char **ret)
{
        _cleanup_(free_p) char *result = NULL;
        size_t size;
        FILE *out = open_memstream(&result, &size);
        int r;

        if (!out)
                return -ENOMEM;
        r = file->to_v1(file, text, companion, out);
        if (fclose(out) != 0)
                return -ENOMEM;
        if (r < 0)
                return r;
        *ret = TAKE_PTR(result);
        return 0;
}
