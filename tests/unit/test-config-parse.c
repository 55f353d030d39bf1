/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config-fixture.h"

#include <sys/stat.h>
#include <unistd.h>

static void test_comments_and_other_lines(void)
{
        _cleanup_(config_free_p) Config *config = parse_ok("# lxc.uts.name = no\n"
                                                           "\n"
                                                           "   # lxc.tty.max = x\n"
                                                           "template: nothing of ours\n"
                                                           "\t lxc.uts.name =\t ct01 \t\r\n"
                                                           "lxc.tty.max=4");

        g_assert_cmpstr(config->uts_name, ==, "ct01");
        g_assert_cmpint(config->terminal.tty_max, ==, 4);
}

static void test_quotes(void)
{
        assert_text_get("lxc.uts.name = \"ct 01\"", "lxc.uts.name", "ct 01");
        assert_text_get("lxc.uts.name = 'ct01'", "lxc.uts.name", "ct01");
        assert_text_get("lxc.uts.name = 'ct01\"", "lxc.uts.name", "'ct01\"");
        assert_text_get("lxc.uts.name = \"", "lxc.uts.name", "\"");
        assert_text_get("lxc.uts.name = a=b", "lxc.uts.name", "a=b");
}

static void test_last_scalar_wins(void)
{
        assert_text_get("lxc.uts.name = a\nlxc.uts.name = b\n", "lxc.uts.name", "b");
}

static void test_lists_grow(void)
{
        assert_text_get("lxc.group = a b  c\nlxc.group = d\n", "lxc.group", "a\nb\nc\nd\n");
}

static void test_empty_value_clears(void)
{
        _cleanup_(config_free_p) Config *config = parse_ok("lxc.uts.name = a\nlxc.uts.name =\n"
                                                           "lxc.tty.max = 4\nlxc.tty.max =\n"
                                                           "lxc.group = a b\nlxc.group = \n"
                                                           "lxc.autodev = 0\nlxc.autodev = \"\"\n"
                                                           "lxc.cap.keep = none\nlxc.cap.drop =\n"
                                                           "lxc.hook.start = /a\nlxc.hook =\n"
                                                           "lxc.cgroup2.memory.max = 1G\n"
                                                           "lxc.cgroup2 =\n"
                                                           "lxc.net.0.type = veth\n"
                                                           "lxc.net.1.type = empty\n"
                                                           "lxc.net.0 =\n"
                                                           "lxc.include =\n");

        g_assert_null(config->uts_name);
        g_assert_cmpint(config->terminal.tty_max, ==, 0);
        g_assert_null(config->start.groups);
        g_assert_true(config->autodev);
        g_assert_false(config->security.cap_keep_set);
        g_assert_null(config->hook.lines[HOOK_START]);
        g_assert_cmpint(config->cgroup.v2.n, ==, 0);
        g_assert_cmpint(config->n_nets, ==, 1);
        g_assert_cmpint(config->nets[0].index, ==, 1);
}

static void test_clearing_one_of_a_family(void)
{
        _cleanup_(config_free_p) Config *config = parse_ok("lxc.cgroup2.devices.allow = c 1:3 rwm\n"
                                                           "lxc.cgroup2.memory.max = 1G\n"
                                                           "lxc.cgroup2.devices.allow = c 1:5 rwm\n"
                                                           "lxc.cgroup2.devices.allow =\n");

        assert_get(config, "lxc.cgroup2", "lxc.cgroup2.memory.max = 1G\n");
}

static void test_errors_name_line_key_and_form(void)
{
        assert_parse_error("\nlxc.nothing.alike = ct01\n",
                           "Line 2 of 'test.conf': Unknown key 'lxc.nothing.alike'");
        assert_parse_error("lxc.uts.nam = a\n",
                           "Line 1 of 'test.conf': Unknown key 'lxc.uts.nam', did you mean "
                           "'lxc.uts.name'?");
        assert_parse_error("lxc.uts.name ct01\n",
                           "Line 1 of 'test.conf': The line begins with 'lxc.' and has no '=', "
                           "expected KEY = VALUE");
        assert_parse_error("# x\n\nlxc.autodev = yes\n",
                           "Line 3 of 'test.conf': The key 'lxc.autodev' has the value 'yes', "
                           "expected 0 or 1");
        assert_parse_error("lxc.cap.drop = sys_admin SYS_TIME\n",
                           "Line 1 of 'test.conf': Key 'lxc.cap.drop': Unknown capability "
                           "'SYS_TIME', expected a name in lower case without 'cap_', such as "
                           "'sys_admin', or a number");
        assert_parse_error("lxc.mount.fstab =\n",
                           "Line 1 of 'test.conf': The key 'lxc.mount.fstab' has the value '', "
                           "expected the path of a file in the format of fstab(5)");
        assert_parse_error("lxc.lxcpath = /x\n",
                           "Line 1 of 'test.conf': Unknown key 'lxc.lxcpath': it belongs in the "
                           "host's configuration, nagaya.conf");
        assert_parse_error("lxc.prlimit = 1\n",
                           "Line 1 of 'test.conf': The key 'lxc.prlimit' needs a name behind it, "
                           "or an empty value to clear all");
        assert_parse_error("lxc.uts.name = a\xff\n",
                           "Line 1 of 'test.conf': The line is not in UTF-8");
}

/* Each is a line that must not load; what is said is looked at above. */
static const char *const bad_lines[] = {
        "lxc.foo = 1",
        "lxc. = 1",
        "lxc.net = veth",
        "lxc.uts.name.x = 1",
        "lxc.cgroup.dir = ../x",
        "lxc.cgroup.dir = /x",
        "lxc.cgroup.dir = a/../b",
        "lxc.cgroup.dir.container.inner = a/b",
        "lxc.tty.dir = ../etc",
        "lxc.tty.max = -1",
        "lxc.tty.max = 4294967296",
        "lxc.tty.max = 0x4",
        "lxc.init.uid = 4294967295",
        "lxc.init.groups = 1,a",
        "lxc.signal.halt = TERM",
        "lxc.signal.halt = SIGFOO",
        "lxc.signal.halt = 0",
        "lxc.signal.halt = 65",
        "lxc.signal.halt = SIGRTMIN+99",
        "lxc.signal.halt = SIGRTMIN-1",
        "lxc.cap.drop = cap_sys_admin",
        "lxc.cap.drop = no_such",
        "lxc.cap.drop = 64",
        "lxc.idmap = x 0 100000 65536",
        "lxc.idmap = u 0 100000 0",
        "lxc.idmap = u 0 100000",
        "lxc.idmap = u 4294967290 100000 65536",
        "lxc.namespace.keep = net foo",
        "lxc.namespace.share.foo = ct",
        "lxc.prlimit.foo = 1",
        "lxc.prlimit.nofile = 10:5",
        "lxc.prlimit.nofile = many",
        "lxc.prlimit.nofile = 1:2:3",
        "lxc.sysctl.../x = 1",
        "lxc.proc./etc/passwd = 1",
        "lxc.cgroup2.a/b = 1",
        "lxc.mount.entry = proc proc",
        "lxc.mount.auto = proc:ro",
        "lxc.mount.auto = shmounts:x",
        "lxc.mount.auto = proc:force",
        "lxc.arch = pdp11",
        "lxc.log.level = 9",
        "lxc.log.level = LOUD",
        "lxc.log.syslog = mail",
        "lxc.console.buffer.size = 4XB",
        "lxc.console.size = 99999999999999999999",
        "lxc.time.offset.boot = 10",
        "lxc.time.offset.boot = 10 d",
        "lxc.hook = /x",
        "lxc.hook.version = 2",
        "lxc.environment = =x",
        "lxc.rootfs.path = overlay:",
        "lxc.seccomp.notify.proxy = /run/x",
        "lxc.net.x.type = veth",
        "lxc.net.0 = veth",
        "lxc.net.0.type = token-ring",
        "lxc.net.0.foo = 1",
        "lxc.net.0.foo =",
        "lxc.net.0. = 1",
        "lxc.net.99999999999.type = veth",
        "lxc.net.0.link = br0",
        "lxc.net.0.veth.pair = x",
        "lxc.net.0.type = veth\nlxc.net.0.vlan.id = 3",
        "lxc.net.0.type = vlan\nlxc.net.0.vlan.id = 4095",
        "lxc.net.0.type = veth\nlxc.net.0.hwaddr = 00:16:3e",
        "lxc.net.0.type = veth\nlxc.net.0.link = an-interface-name",
        "lxc.net.0.type = veth\nlxc.net.0.ipv4.address = 10.0.0.300",
        "lxc.net.0.type = veth\nlxc.net.0.ipv4.address = 10.0.0.3/33",
        "lxc.net.0.type = veth\nlxc.net.0.ipv6.address = fe80::1/129",
        "lxc.net.0.type = veth\nlxc.net.0.ipv4.gateway = 10.0.0.1/8",
        "lxc.cap.drop = sys_admin\nlxc.cap.keep = chown",
        "lxc.namespace.keep = net\nlxc.namespace.clone = pid",
        "lxc.cgroup.dir = a\nlxc.cgroup.dir.container = b",
        "lxc.idmap = u 0 100000 65536\nlxc.idmap = u 10 300000 5",
        "lxc.idmap = u 0 100000 65536\nlxc.idmap = u 65536 165535 5",
        "lxc.include = relative.conf",
        "lxc.include = /nonexistent/nagaya.conf",
        "lxc.network.link = br0",
        "lxc.network.foo = 1",
};

static void test_bad_values_are_refused(void)
{
        for (size_t i = 0; i < G_N_ELEMENTS(bad_lines); i++) {
                Config *config = NULL;
                int r = config_parse_text(bad_lines[i], "test.conf", &config, NULL, NULL);

                if (r == 0)
                        g_error("This was taken: %s", bad_lines[i]);
        }
}

static void test_long_name_and_value(void)
{
        g_autofree char *name = g_strnfill(400, 'a');
        g_autofree char *line = g_strdup_printf("lxc.%s = %s", name, name);
        g_autofree char *value = g_strdup_printf("lxc.autodev = %s", name);
        g_autofree char *huge = g_strnfill(CONFIG_FILE_MAX + 1, ' ');
        g_autofree char *message = parse_error_text(line, ERROR_INVALID_CONFIG);
        g_autofree char *other = parse_error_text(value, ERROR_INVALID_CONFIG);

        g_assert_cmpint(strlen(message), <, 300);
        g_assert_cmpint(strlen(other), <, 300);
        assert_parse_error(huge, "The configuration 'test.conf' is larger than 1048576 bytes");
}

static void test_too_many_items(void)
{
        GString *text = g_string_new(NULL);
        g_autofree char *message = NULL;

        for (int i = 0; i <= CONFIG_LIST_MAX; i++)
                g_string_append(text, "lxc.group = a\n");
        message = parse_error_text(text->str, ERROR_INVALID_CONFIG);
        g_assert_true(g_str_has_prefix(message, "Line 8193 of 'test.conf'"));
        g_string_free(text, TRUE);
}

static void test_include_in_place(void)
{
        Scratch scratch = scratch_new();
        g_autofree char *inner = scratch_path(&scratch, "inner.conf");
        g_autofree char *text = g_strdup_printf("lxc.uts.name = a\nlxc.tty.max = 1\n"
                                                "lxc.include = %s\nlxc.tty.max = 3\n",
                                                inner);
        _cleanup_(config_free_p) Config *config = NULL;

        scratch_write(&scratch, "inner.conf", "lxc.uts.name = b\nlxc.tty.max = 2\n");
        config = parse_ok(text);
        g_assert_cmpstr(config->uts_name, ==, "b");
        g_assert_cmpint(config->terminal.tty_max, ==, 3);
        scratch_remove(&scratch);
}

static void test_include_directory_is_sorted(void)
{
        Scratch scratch = scratch_new();
        g_autofree char *text = g_strdup_printf("lxc.include = %s\n", scratch.path);
        _cleanup_(config_free_p) Config *config = NULL;

        scratch_write(&scratch, "20.conf", "lxc.group = c\n");
        scratch_write(&scratch, "10.conf", "lxc.group = b\n");
        scratch_write(&scratch, "00.conf", "lxc.group = a\n");
        scratch_write(&scratch, "05.conf.bak", "lxc.group = no\n");
        config = parse_ok(text);
        assert_get(config, "lxc.group", "a\nb\nc\n");
        scratch_remove(&scratch);
}

static void test_missing_include_directory_is_no_error(void)
{
        _cleanup_(config_free_p) Config *config =
                parse_ok("lxc.include = /nonexistent/nagaya.d/\nlxc.uts.name = a\n");

        g_assert_cmpstr(config->uts_name, ==, "a");
}

static void test_error_in_an_include_names_both_files(void)
{
        Scratch scratch = scratch_new();
        g_autofree char *inner = scratch_path(&scratch, "inner.conf");
        g_autofree char *text = g_strdup_printf("\nlxc.include = %s\n", inner);
        g_autofree char *expected = g_strdup_printf(
                "Line 2 of 'test.conf': Line 1 of '%s': Unknown key 'lxc.x.y.z'", inner);

        scratch_write(&scratch, "inner.conf", "lxc.x.y.z = 1\n");
        assert_parse_error(text, expected);
        scratch_remove(&scratch);
}

static int load(const Scratch *scratch, const char *name, Config **ret, Error *reterr)
{
        g_autofree char *path = scratch_path(scratch, name);

        return config_load(path, ret, NULL, reterr);
}

static void assert_load_error(const Scratch *scratch, const char *name, const char *part)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        _cleanup_(config_free_p) Config *config = NULL;

        g_assert_cmpint(load(scratch, name, &config, &error), <, 0);
        if (!strstr(error_message(&error), part))
                g_error("'%s' is not in: %s", part, error_message(&error));
}

static void write_including(const Scratch *scratch, const char *name, const char *includes)
{
        g_autofree char *text = g_strdup_printf("lxc.include = %s/%s\n", scratch->path, includes);

        scratch_write(scratch, name, text);
}

static void test_include_cycle(void)
{
        Scratch scratch = scratch_new();

        write_including(&scratch, "a", "b");
        write_including(&scratch, "b", "a");
        write_including(&scratch, "self", "self");
        assert_load_error(&scratch, "a", "includes itself");
        assert_load_error(&scratch, "self", "includes itself");
        scratch_remove(&scratch);
}

static void test_include_depth(void)
{
        Scratch scratch = scratch_new();

        for (int i = 0; i < 20; i++) {
                g_autofree char *name = g_strdup_printf("%d", i);
                g_autofree char *next = g_strdup_printf("%d", i + 1);

                write_including(&scratch, name, next);
        }
        scratch_write(&scratch, "20", "");
        assert_load_error(&scratch, "0", "nested deeper");
        scratch_remove(&scratch);
}

/* Every file includes the next one twice: 2^15 files without a limit. */
static void test_include_bomb(void)
{
        Scratch scratch = scratch_new();

        for (int i = 0; i < 15; i++) {
                g_autofree char *name = g_strdup_printf("%d", i);
                g_autofree char *text =
                        g_strdup_printf("lxc.include = %s/%d\nlxc.include = %s/%d\n", scratch.path,
                                        i + 1, scratch.path, i + 1);

                scratch_write(&scratch, name, text);
        }
        scratch_write(&scratch, "15", "");
        assert_load_error(&scratch, "0", "more than 512 files");
        scratch_remove(&scratch);
}

static void test_file_that_is_none(void)
{
        Scratch scratch = scratch_new();
        g_autofree char *target = scratch_path(&scratch, "target");
        g_autofree char *link = scratch_path(&scratch, "link");
        g_autofree char *fifo = scratch_path(&scratch, "fifo");
        g_autofree char *nul = scratch_path(&scratch, "nul");
        g_autofree char *big = scratch_path(&scratch, "big");
        _cleanup_(error_done) Error error = ERROR_NULL;
        Config *config = NULL;

        scratch_write(&scratch, "target", "lxc.uts.name = a\n");
        g_assert_cmpint(symlink(target, link), ==, 0);
        g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
        g_assert_true(g_file_set_contents(nul, "lxc.uts.name = a\0b\n", 19, NULL));
        g_assert_true(g_file_set_contents(big, "", 0, NULL));
        g_assert_cmpint(truncate(big, 10 * 1024 * 1024), ==, 0);
        g_assert_cmpint(load(&scratch, "link", &config, NULL), ==, -ELOOP);
        g_assert_cmpint(load(&scratch, "absent", &config, NULL), ==, -ENOENT);
        assert_load_error(&scratch, "link", "is a symbolic link");
        assert_load_error(&scratch, "fifo", "is no file");
        assert_load_error(&scratch, ".", "is no file");
        assert_load_error(&scratch, "nul", "has a NUL byte");
        assert_load_error(&scratch, "big", "is larger than");
        scratch_remove(&scratch);
}

static void test_null_device_is_an_empty_file(void)
{
        _cleanup_(config_free_p) Config *config = NULL;

        g_assert_cmpint(config_load("/dev/null", &config, NULL, NULL), ==, 0);
        g_assert_null(config->uts_name);
}

static void test_trace_tells_of_changes(void)
{
        Scratch scratch = scratch_new();
        g_autofree char *path = scratch_path(&scratch, "config");
        g_autofree char *text = g_strdup_printf("lxc.include = %s/d/\n", scratch.path);
        _cleanup_(config_trace_done) ConfigTrace trace = { 0 };
        _cleanup_(config_free_p) Config *config = NULL;

        scratch_write(&scratch, "config", text);
        g_assert_cmpint(config_load_traced(path, &config, &trace, NULL), ==, 0);
        g_assert_cmpint(trace.n_stamps, ==, 2);
        g_assert_true(config_stamps_are_current(trace.stamps, trace.n_stamps));
        scratch_write(&scratch, "d/a.conf", "");
        g_assert_false(config_stamps_are_current(trace.stamps, trace.n_stamps));
        scratch_remove(&scratch);
}

static void test_set_on_top(void)
{
        _cleanup_(config_free_p) Config *config = parse_ok("lxc.tty.max = 1\n");
        _cleanup_(error_done) Error error = ERROR_NULL;

        g_assert_cmpint(config_set(config, "lxc.tty.max", "2", "Start", &error), ==, 0);
        g_assert_cmpint(config->terminal.tty_max, ==, 2);
        g_assert_cmpint(config_set(config, "lxc.utsname", "x", "Start", &error), ==, 0);
        g_assert_cmpstr(config->uts_name, ==, "x");
        g_assert_cmpint(config_set(config, "lxc.tty.max", "x", "Option 'config'", &error), <, 0);
        g_assert_cmpstr(error_message(&error), ==,
                        "Option 'config': The key 'lxc.tty.max' has the value 'x', expected a "
                        "whole number from 0 to 4294967295");
        g_assert_cmpint(config_set(config, "lxc.uts.name", "a\nb", NULL, &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_INVALID_ARGS);
        g_assert_cmpint(config->terminal.tty_max, ==, 2);
}

static void test_failed_value_changes_nothing(void)
{
        _cleanup_(config_free_p) Config *config =
                parse_ok("lxc.cap.drop = chown\nlxc.group = a\nlxc.init.groups = 1\n");

        g_assert_cmpint(config_set(config, "lxc.cap.drop", "kill nonsense", NULL, NULL), <, 0);
        g_assert_cmpint(config_set(config, "lxc.init.groups", "2,x", NULL, NULL), <, 0);
        g_assert_cmpint(config_set(config, "lxc.mount.auto", "proc nonsense", NULL, NULL), <, 0);
        assert_get(config, "lxc.cap.drop", "chown\n");
        assert_get(config, "lxc.init.groups", "1");
        assert_get(config, "lxc.mount.auto", "");
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/config/comments-and-other-lines-mean-nothing",
                        test_comments_and_other_lines);
        g_test_add_func("/config/matching-quotes-are-taken-off", test_quotes);
        g_test_add_func("/config/the-last-scalar-wins", test_last_scalar_wins);
        g_test_add_func("/config/lists-grow", test_lists_grow);
        g_test_add_func("/config/an-empty-value-clears", test_empty_value_clears);
        g_test_add_func("/config/one-of-a-family-is-cleared", test_clearing_one_of_a_family);
        g_test_add_func("/config/errors-name-file-line-key-and-form",
                        test_errors_name_line_key_and_form);
        g_test_add_func("/config/bad-values-are-refused", test_bad_values_are_refused);
        g_test_add_func("/config/long-names-and-values-are-cut-in-messages",
                        test_long_name_and_value);
        g_test_add_func("/config/lists-have-a-limit", test_too_many_items);
        g_test_add_func("/config/includes-are-expanded-in-place", test_include_in_place);
        g_test_add_func("/config/include-directories-are-sorted", test_include_directory_is_sorted);
        g_test_add_func("/config/a-missing-include-directory-is-no-error",
                        test_missing_include_directory_is_no_error);
        g_test_add_func("/config/an-error-in-an-include-names-both-files",
                        test_error_in_an_include_names_both_files);
        g_test_add_func("/config/include-cycles-are-refused", test_include_cycle);
        g_test_add_func("/config/include-depth-has-a-limit", test_include_depth);
        g_test_add_func("/config/includes-do-not-multiply", test_include_bomb);
        g_test_add_func("/config/what-is-no-plain-file-is-refused", test_file_that_is_none);
        g_test_add_func("/config/the-null-device-is-an-empty-file",
                        test_null_device_is_an_empty_file);
        g_test_add_func("/config/a-trace-tells-of-changes", test_trace_tells_of_changes);
        g_test_add_func("/config/a-key-can-be-set-on-top", test_set_on_top);
        g_test_add_func("/config/a-failed-value-changes-nothing",
                        test_failed_value_changes_nothing);
        return g_test_run();
}
