/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Copies of trees that somebody changes meanwhile, that are too deep, too wide, or meet an error. */

#include "tree-fixture.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/path.h"

#define SWAPPED_ROUNDS 100

/* A process that calls `step` over and over. */
static pid_t disturb(void (*step)(const Scratch *scratch), const Scratch *scratch)
{
        pid_t pid = fork();

        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                for (;;)
                        step(scratch);
        }
        return pid;
}

static void rest(pid_t pid)
{
        int status;

        (void) kill(pid, SIGKILL);
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
}

static void swap(const Scratch *scratch)
{
        (void) renameat2(scratch->fd, "from/one", scratch->fd, "from/two", RENAME_EXCHANGE);
}

static gboolean is_copied(const Scratch *scratch, const char *name)
{
        int fd = path_open_beneath(scratch->fd, name, O_RDONLY | O_NOFOLLOW, 0);
        char text[6] = "";
        gboolean secret;

        if (fd < 0)
                return FALSE;
        secret = read(fd, text, sizeof(text)) == 6 && memcmp(text, "secret", 6) == 0;
        (void) close(fd);
        return secret;
}

/* Copies while from/one and from/two change places all the time. */
static void copy_while_swapped(const Scratch *scratch, const char *const *never)
{
        unsigned n_done = 0;
        pid_t pid = disturb(swap, scratch);

        for (unsigned i = 0; i < SWAPPED_ROUNDS; i++) {
                _cleanup_(error_done) Error error = ERROR_NULL;
                int r = tree_try_copy(scratch, 1 + i % 2, &error);

                n_done += r == 0;
                if (r < 0) {
                        g_assert_cmpstr(error_message(&error), ==,
                                        strstr(error_message(&error), "one")
                                                ? "Cannot copy 'one' in 'FROM': it was "
                                                  "replaced meanwhile"
                                                : "Cannot copy 'two' in 'FROM': it was "
                                                  "replaced meanwhile");
                        g_assert_cmpint(r, ==, -ESTALE);
                }
                for (const char *const *name = never; *name; name++)
                        g_assert_false(is_copied(scratch, *name));
                g_assert_cmpint(remove_entry(scratch->fd, "to", NULL), ==, 0);
        }
        rest(pid);
        g_test_message("%u of %d were copied", n_done, SWAPPED_ROUNDS);
}

static void test_directory_becomes_a_symlink(void)
{
        static const char *const never[] = { "to/one/secret", "to/two/secret", NULL };
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "from");
        scratch_mkdir(&scratch, "from/one");
        scratch_mkdir(&scratch, "outside");
        scratch_write(&scratch, "outside/secret", "secret", 0600);
        scratch_write(&scratch, "from/one/public", "public", 0644);
        g_assert_cmpint(symlinkat("../outside", scratch.fd, "from/two"), ==, 0);
        copy_while_swapped(&scratch, never);
        scratch_done(&scratch);
}

static void test_file_becomes_a_symlink(void)
{
        static const char *const never[] = { "to/one", "to/two", NULL };
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "from");
        scratch_write(&scratch, "outside", "secret", 0600);
        scratch_write(&scratch, "from/one", "public", 0644);
        g_assert_cmpint(symlinkat("../outside", scratch.fd, "from/two"), ==, 0);
        copy_while_swapped(&scratch, never);
        scratch_done(&scratch);
}

/* Nobody writes into it: opening it to read would wait for ever. */
static void test_file_becomes_a_fifo(void)
{
        static const char *const never[] = { NULL };
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "from");
        scratch_write(&scratch, "from/one", "public", 0644);
        g_assert_cmpint(mkfifoat(scratch.fd, "from/two", 0600), ==, 0);
        copy_while_swapped(&scratch, never);
        scratch_done(&scratch);
}

static void make_and_remove(const Scratch *scratch)
{
        for (unsigned i = 0; i < 50; i++) {
                char name[32];

                (void) snprintf(name, sizeof(name), "from/dir/%u", i);
                if (unlinkat(scratch->fd, name, AT_REMOVEDIR) < 0 &&
                    mkdirat(scratch->fd, name, 0755) < 0)
                        g_assert_cmpint(errno, ==, EEXIST);
        }
}

static void test_what_vanishes_is_missed(void)
{
        Scratch scratch;
        pid_t pid;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "from");
        scratch_mkdir(&scratch, "from/dir");
        scratch_write(&scratch, "from/dir/stays", "x", 0644);
        pid = disturb(make_and_remove, &scratch);
        for (unsigned i = 0; i < SWAPPED_ROUNDS; i++) {
                tree_copy_well(&scratch, 2);
                g_assert_true(scratch_has(&scratch, "to/dir/stays"));
                g_assert_cmpint(remove_entry(scratch.fd, "to", NULL), ==, 0);
        }
        rest(pid);
        scratch_done(&scratch);
}

/* Makes a chain of directories, with something in each. */
static void make_chain(const Scratch *scratch, unsigned depth, const char *name)
{
        int fd = openat(scratch->fd, "from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        for (unsigned i = 0; i < depth; i++) {
                int next;

                g_assert_cmpint(mkdirat(fd, name, 0755), ==, 0);
                next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                g_assert_cmpint(next, >=, 0);
                g_assert_cmpint(mkdirat(fd, "before", 0700), ==, 0);
                g_assert_cmpint(symlinkat("x", fd, "zzz"), ==, 0);
                (void) close(fd);
                fd = next;
        }
        (void) close(fd);
}

/* Both chains, step by step: recursion would need as many fds. Return: the depth. */
static unsigned walk_chains(const Scratch *scratch, const char *name)
{
        int from_fd = openat(scratch->fd, "from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int to_fd = openat(scratch->fd, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        unsigned depth = 0;

        while (from_fd >= 0) {
                int from_next, to_next;

                g_assert_cmpint(to_fd, >=, 0);
                g_assert_cmpuint(tree_count(to_fd), ==, tree_count(from_fd));
                from_next = openat(from_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                to_next = openat(to_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (from_next >= 0)
                        tree_same_text(tree_status(from_fd, name), tree_status(to_fd, name));
                (void) close(from_fd);
                (void) close(to_fd);
                from_fd = from_next;
                to_fd = to_next;
                depth++;
        }
        return depth;
}

static void with_few_fds(const Scratch *scratch, unsigned threads)
{
        struct rlimit few = { 0 }, before;

        g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
        few = before;
        few.rlim_cur = 64 + 60 * threads;
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
        tree_copy_well(scratch, threads);
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
}

static void test_depth_has_no_limit(gconstpointer threads)
{
        /* Longer than any path. */
        const unsigned depth = GPOINTER_TO_UINT(threads) == 1 ? 3000 : 500;
        char name[NAME_MAX + 1];
        Scratch scratch;

        (void) memset(name, 'n', NAME_MAX);
        name[NAME_MAX] = '\0';
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "from");
        make_chain(&scratch, depth, name);
        with_few_fds(&scratch, GPOINTER_TO_UINT(threads));
        g_assert_cmpuint(walk_chains(&scratch, name), ==, depth + 1);
        scratch_done(&scratch);
}

static void test_many_entries(void)
{
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "from");
        for (unsigned i = 0; i < 6000; i++) {
                g_autofree char *name = g_strdup_printf("from/%u", i);

                if (i % 2 == 0)
                        scratch_mkdir(&scratch, name);
                else
                        scratch_write(&scratch, name, "", 0644);
        }
        with_few_fds(&scratch, 2);
        tree_same_trees(&scratch);
        scratch_done(&scratch);
}

static void test_error_names_the_path(void)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        const struct rlimit small = { .rlim_cur = 1000, .rlim_max = RLIM_INFINITY };
        const struct rlimit any = { RLIM_INFINITY, RLIM_INFINITY };
        g_autofree char *data = g_strnfill(5000, 'x');
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "from");
        scratch_mkdir(&scratch, "from/some");
        scratch_mkdir(&scratch, "from/some/where");
        scratch_write(&scratch, "from/some/where/file", data, 0644);
        (void) signal(SIGXFSZ, SIG_IGN);
        g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
        g_assert_cmpint(tree_try_copy(&scratch, 2, &error), ==, -EFBIG);
        g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &any), ==, 0);
        g_assert_cmpstr(error_message(&error), ==,
                        "Cannot write 'some/where/file' in 'TO': File too large");
        g_assert_cmpint(error.errnum, ==, EFBIG);
        scratch_done(&scratch);
}

/* In a mount namespace of its own. Exits 0 when all held, 77 when mounting is not allowed here. */
static void copy_with_mounts(const Scratch *scratch)
{
        Scratch inside = { .path = scratch->path };
        g_autofree char *dir = scratch_path(scratch, "from/dir");
        g_autofree char *file = scratch_path(scratch, "from/file");
        g_autofree char *secret = scratch_path(scratch, "from/dir/secret");

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("none", dir, "tmpfs", 0, "mode=0751,uid=3") < 0 ||
            mount("/dev/null", file, NULL, MS_BIND, NULL) < 0)
                _exit(77);
        /* What was opened before belongs to the other namespace. */
        inside.fd = open(inside.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_assert_true(g_file_set_contents(secret, "x", 1, NULL));
        tree_copy_well(&inside, 2);
        _exit(0);
}

static void test_mounts_are_not_crossed(void)
{
        Scratch scratch;
        struct stat st;
        int status;
        pid_t pid;

        if (skip_unless_root())
                return;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "from");
        scratch_mkdir(&scratch, "from/dir");
        scratch_write(&scratch, "from/file", "x", 0644);
        pid = fork();
        if (pid == 0)
                copy_with_mounts(&scratch);
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
                g_test_skip("mounting is not allowed here");
        else {
                g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
                g_assert_cmpuint(scratch_count(&scratch, "to/dir"), ==, 0);
                g_assert_cmpint(fstatat(scratch.fd, "to/dir", &st, 0), ==, 0);
                g_assert_cmpuint(st.st_mode & 07777, ==, 0751);
                g_assert_cmpuint(st.st_uid, ==, 3);
                g_assert_cmpint(fstatat(scratch.fd, "to/file", &st, 0), ==, 0);
                g_assert_true(S_ISREG(st.st_mode) && st.st_size == 0);
        }
        scratch_done(&scratch);
}

int main(int argc, char **argv)
{
        /* In memory, where there is such: ext4 is slow to make what replaces things just removed. */
        if (access("/dev/shm", W_OK) == 0)
                (void) g_setenv("TMPDIR", "/dev/shm", FALSE);
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/copy/follows-no-symlink-that-was-a-directory",
                        test_directory_becomes_a_symlink);
        g_test_add_func("/copy/follows-no-symlink-that-was-a-file", test_file_becomes_a_symlink);
        g_test_add_func("/copy/waits-for-no-fifo-that-was-a-file", test_file_becomes_a_fifo);
        g_test_add_func("/copy/misses-what-vanishes", test_what_vanishes_is_missed);
        g_test_add_data_func("/copy/depth-has-no-limit/1-thread", GUINT_TO_POINTER(1),
                             test_depth_has_no_limit);
        g_test_add_data_func("/copy/depth-has-no-limit/4-threads", GUINT_TO_POINTER(4),
                             test_depth_has_no_limit);
        g_test_add_func("/copy/takes-many-entries-with-few-fds", test_many_entries);
        g_test_add_func("/copy/names-the-path-of-an-error", test_error_names_the_path);
        g_test_add_func("/copy/does-not-cross-mounts", test_mounts_are_not_crossed);
        return g_test_run();
}
