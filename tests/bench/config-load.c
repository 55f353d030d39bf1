/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What loading many configurations costs: COUNT containers of 40 lines with two includes each, in a
 * directory of their own.
 *
 *      config-load COUNT AIM-MSEC */

#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "config/parse.h"
#include "config/summary.h"

#define ROUNDS 5

static double cpu_msec(void)
{
        struct timespec ts;

        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
        return (double) ts.tv_sec * 1e3 + (double) ts.tv_nsec / 1e6;
}

static void write_file(const char *path, const char *text)
{
        if (file_write_atomic(AT_FDCWD, path, text, 0644, false) < 0)
                err(1, "Cannot write '%s'", path);
}

static void write_includes(const char *directory)
{
        static const char common[] = "lxc.tty.dir = lxc\nlxc.pty.max = 1024\nlxc.tty.max = 4\n"
                                     "lxc.cap.drop = mac_admin mac_override sys_time sys_module\n"
                                     "lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed\n";
        char path[PATH_MAX];

        (void) snprintf(path, sizeof(path), "%s/common.conf", directory);
        write_file(path, common);
        (void) snprintf(path, sizeof(path), "%s/site.conf", directory);
        write_file(path, "lxc.start.auto = 0\nlxc.group = onboot\nlxc.environment = A=B\n");
}

static void write_config(const char *directory, unsigned number)
{
        char path[PATH_MAX], text[8192];
        int n;

        n = snprintf(text, sizeof(text),
                     "# one of many\nlxc.include = %s/common.conf\nlxc.include = %s/site.conf\n"
                     "lxc.uts.name = ct%u\nlxc.rootfs.path = dir:/var/lib/lxc/ct%u/rootfs\n"
                     "lxc.net.0.type = veth\nlxc.net.0.link = lxcbr0\nlxc.net.0.flags = up\n"
                     "lxc.net.0.hwaddr = 10:66:6a:00:%02x:%02x\n",
                     directory, directory, number, number, number >> 8 & 255, number & 255);
        for (unsigned line = 9; line < 40; line++)
                n += snprintf(
                        text + n, sizeof(text) - (size_t) n,
                        "lxc.mount.entry = /srv/%u srv/%u none bind,optional,create=dir 0 0\n",
                        line, line);
        (void) snprintf(path, sizeof(path), "%s/%u", directory, number);
        write_file(path, text);
}

static double load_all(const char *directory, unsigned count)
{
        double begin = cpu_msec();

        for (unsigned i = 0; i < count; i++) {
                ConfigSummary summary = { 0 };
                char path[PATH_MAX];

                (void) snprintf(path, sizeof(path), "%s/%u", directory, i);
                if (config_summary_load(path, &summary) < 0 || summary.broken)
                        errx(1, "%s", summary.broken ? summary.broken : "out of memory");
                config_summary_done(&summary);
        }
        return cpu_msec() - begin;
}

int main(int argc, char **argv)
{
        char directory[] = "/tmp/config-load-XXXXXX";
        unsigned count = argc == 3 ? (unsigned) atoi(argv[1]) : 0;
        double best = 1e9, worst = 0;

        if (count == 0)
                errx(2, "usage: config-load COUNT AIM-MSEC");
        if (!mkdtemp(directory))
                err(1, "Cannot make a directory");
        write_includes(directory);
        for (unsigned i = 0; i < count; i++)
                write_config(directory, i);
        for (unsigned round = 0; round < ROUNDS; round++) {
                double msec = load_all(directory, count);

                best = msec < best ? msec : best;
                worst = msec > worst ? msec : worst;
        }
        (void) remove_tree(AT_FDCWD, directory);
        (void) printf("load-%u-configs   aim: <= %s ms CPU\n  config_summary_load          %9.1f "
                      "(best of %d)"
                      " %9.1f (worst)\n",
                      count, argv[2], best, ROUNDS, worst);
        return 0;
}
