/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "interfaces/container-lock.h"
#include "interfaces/errors.h"
#include "scratch.h"

static int take(const Scratch *scratch, const char *id, ContainerLock *ret, int *ret_code)
{
        g_autofree char *lock_dir = scratch_path(scratch, "lock");
        g_autofree char *directory = scratch_path(scratch, id);
        Error error = ERROR_NULL;
        int r = container_lock_take(lock_dir, id, directory, ret, &error);

        *ret_code = error.code;
        error_done(&error);
        return r;
}

static void test_excludes(void)
{
        ContainerLock first = CONTAINER_LOCK_NULL, second = CONTAINER_LOCK_NULL;
        Scratch scratch;
        int code;

        scratch_init(&scratch);
        g_assert_cmpint(take(&scratch, "ct1", &first, &code), ==, 0);
        g_assert_cmpint(take(&scratch, "ct1", &second, &code), <, 0);
        g_assert_cmpint(code, ==, ERROR_BUSY);
        g_assert_cmpint(take(&scratch, "ct2", &second, &code), ==, 0);
        container_lock_release(&second);
        container_lock_release(&first);
        g_assert_cmpint(take(&scratch, "ct1", &second, &code), ==, 0);
        container_lock_release(&second);
        scratch_done(&scratch);
}

static int bind_lxc(const char *directory)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int n = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s/command",
                         directory);

        g_assert_cmpint(bind(fd, (struct sockaddr *) &address,
                             (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 + (size_t) n)),
                        ==, 0);
        return fd;
}

static void test_lxc_excludes(void)
{
        ContainerLock lock = CONTAINER_LOCK_NULL;
        g_autofree char *directory = NULL;
        Scratch scratch;
        int fd, code;

        scratch_init(&scratch);
        directory = scratch_path(&scratch, "ct1");
        fd = bind_lxc(directory);
        g_assert_cmpint(take(&scratch, "ct1", &lock, &code), <, 0);
        g_assert_cmpint(code, ==, ERROR_BUSY);
        (void) close(fd);
        g_assert_cmpint(take(&scratch, "ct1", &lock, &code), ==, 0);
        container_lock_release(&lock);
        scratch_done(&scratch);
}

static void test_socket_name(void)
{
        char name[LXC_SOCKET_NAME_MAX + 1];

        lxc_socket_name("/var/lib/lxc/ct1", name);
        g_assert_cmpstr(name, ==, "/var/lib/lxc/ct1/command");
        lxc_socket_name(
                "/var/lib/lxc/"
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                "aaaaaaaaaaaaaaaaaaaaaaaa",
                name);
        g_assert_cmpstr(name, ==, "lxc/8fc8d4c068a4f7b6/command");
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/container-lock/excludes-a-second-holder", test_excludes);
        g_test_add_func("/container-lock/excludes-and-is-excluded-by-lxc", test_lxc_excludes);
        g_test_add_func("/container-lock/long-names-are-hashed-as-by-lxc", test_socket_name);
        return g_test_run();
}
