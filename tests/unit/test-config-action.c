/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which changes of a configuration are an owner's own. */

#include <glib.h>

#include "config/cgroup-file.h"
#include "container/config-action.h"
#include "interfaces/errors.h"

#define STORED                                                                                     \
        "lxc.idmap = u 0 100000 65536\n"                                                           \
        "lxc.hook.start-host = /bin/id\n"                                                          \
        "lxc.include = /etc/x.conf\n"                                                              \
        "lxc.uts.name = one\n"

static void test_safe(void)
{
        static const char *const after[] = {
                STORED,
                STORED "lxc.tty.max = 2\n",
                "lxc.tty.max = 2\n# a comment\n" STORED "free text\n",
                /* What is safe may go, and come elsewhere. */
                "lxc.uts.name = two\n"
                "lxc.idmap = u 0 100000 65536\n"
                "lxc.hook.start-host = /bin/id\n"
                "lxc.include = /etc/x.conf\n",
                /* The same by its name of old. */
                "lxc.id_map = u 0 100000 65536\n"
                "lxc.hook.start-host = /bin/id\n"
                "lxc.include = /etc/x.conf\n",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(after); i++)
                if (!config_change_is_owner_safe(STORED, after[i]))
                        g_error("refused: %s", after[i]);
}

static void test_unsafe(void)
{
        static const char *const after[] = {
                "",
                STORED "lxc.hook.start-host = /bin/id\n",
                STORED "lxc.idmap =\n",
                STORED "lxc.include = /etc/y.conf\n",
                STORED "lxc.nobody.knows = 1\n",
                STORED "lxc.mount.entry = /etc mnt none bind 0 0\n",
                /* Another value, another order, one less. */
                "lxc.idmap = u 0 0 65536\n"
                "lxc.hook.start-host = /bin/id\n"
                "lxc.include = /etc/x.conf\n",
                "lxc.include = /etc/x.conf\n"
                "lxc.idmap = u 0 100000 65536\n"
                "lxc.hook.start-host = /bin/id\n",
                "lxc.idmap = u 0 100000 65536\n"
                "lxc.include = /etc/x.conf\n",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(after); i++)
                if (config_change_is_owner_safe(STORED, after[i]))
                        g_error("granted: %s", after[i]);
}

static void assert_file(const char *name, ErrorCode code)
{
        Error error = ERROR_NULL;
        int r = cgroup_file_check(name, &error);

        if ((code && (r >= 0 || error.code != (int) code)) || (!code && r != 0))
                g_error("'%s': %d, %d", name, r, error.code);
        error_done(&error);
}

static void test_cgroup_file(void)
{
        static const char *const bad[] = { "",      ".",          "..",        "pids",
                                           ".max",  "a/b.c",      "/etc/a.b",  "../pids.max",
                                           "A.max", "pids.max\n", "pids.m ax", "p\xc3\xa4.max" };
        static const char *const kept[] = { "cgroup.procs", "cgroup.threads",
                                            "cgroup.kill",  "cgroup.freeze",
                                            "cgroup.type",  "cgroup.subtree_control" };

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
                assert_file(bad[i], ERROR_INVALID_ARGS);
        for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
                assert_file(kept[i], ERROR_NOT_SUPPORTED);
        assert_file("memory.max", 0);
        assert_file("hugetlb.2mb.max", 0);
        assert_file("cpu.cfs_quota_us", 0);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/config-action/what-an-owner-may-change", test_safe);
        g_test_add_func("/config-action/what-needs-the-host's-administrator", test_unsafe);
        g_test_add_func("/config-action/names-of-control-group-files", test_cgroup_file);
        return g_test_run();
}
