/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The floor: a program that does for a container what every start must do (clone3 into a cgroup with
 * the same namespaces, the same mounts and terminals, pivot_root, exec) and nothing else: no configuration, no
 * errors told, no control socket, no hooks. Our own share of a start is compared with it.
 *
 *      reference ROOTFS CGROUP
 *
 * Says READY=1 on $NOTIFY_SOCKET when init was executed, then waits for it. */

#include <err.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int r, const char *what)
{
        if (r < 0)
                err(1, "%s", what);
}

static void make_mount(const char *source,
                       const char *target,
                       const char *type,
                       unsigned long flags,
                       const char *data)
{
        check(mount(source, target, type, flags, data), target);
}

static void make_file(const char *path)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        check(fd, path);
        (void) close(fd);
}

/* A terminal of the container's own devpts on `path`; the other end is left open. */
static void make_terminal(const char *path)
{
        int master = open("dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), unlocked = 0, slave;
        char source[64];

        check(master, "ptmx");
        check(ioctl(master, TIOCSPTLCK, &unlocked), "TIOCSPTLCK");
        slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        check(slave, "TIOCGPTPEER");
        make_file(path);
        (void) snprintf(source, sizeof(source), "/proc/self/fd/%d", slave);
        make_mount(source, path, NULL, MS_BIND, NULL);
}

static void make_devices(void)
{
        static const struct {
                const char *path;
                unsigned major, minor;
        } nodes[] = {
                { "dev/full", 1, 7 }, { "dev/null", 1, 3 },    { "dev/random", 1, 8 },
                { "dev/tty", 5, 0 },  { "dev/urandom", 1, 9 }, { "dev/zero", 1, 5 },
        };
        static const char *const terminals[] = { "dev/console", "dev/tty1", "dev/tty2",
                                                 "dev/tty3",    "dev/tty4", "dev/tty5" };

        make_mount("none", "dev", "tmpfs", 0, "size=500000,mode=755");
        for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
                check(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)),
                      nodes[i].path);
        check(mkdir("dev/pts", 0755), "dev/pts");
        check(mkdir("dev/shm", 0755), "dev/shm");
        check(mkdir("dev/mqueue", 0755), "dev/mqueue");
        make_mount("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, NULL);
        make_mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
        make_mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
                   "newinstance,ptmxmode=0666,mode=0620,gid=5,max=1029");
        make_file("dev/ptmx");
        make_mount("dev/pts/ptmx", "dev/ptmx", NULL, MS_BIND, NULL);
        for (size_t i = 0; i < sizeof(terminals) / sizeof(terminals[0]); i++)
                make_terminal(terminals[i]);
        make_file("dev/.boot-id");
        make_mount("dev/.boot-id", "proc/sys/kernel/random/boot_id", NULL, MS_BIND, NULL);
}

static void loopback_up(void)
{
        struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        check(ioctl(fd, SIOCSIFFLAGS, &request), "lo");
        (void) close(fd);
}

static void set_up(const char *rootfs)
{
        check(prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
        make_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
        make_mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL);
        check(sethostname("bench", 5), "sethostname");
        loopback_up();
        check(chdir(rootfs), rootfs);
        make_mount("proc", "proc", "proc", MS_NODEV | MS_NOEXEC | MS_NOSUID, NULL);
        make_mount("proc/sys", "proc/sys", NULL, MS_BIND, NULL);
        make_mount("proc/sys/net", "proc/sys/net", NULL, MS_BIND, NULL);
        make_mount(NULL, "proc/sys", NULL,
                   MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NODEV | MS_NOEXEC | MS_NOSUID, NULL);
        make_mount("sysfs", "sys", "sysfs", MS_RDONLY | MS_NODEV | MS_NOEXEC | MS_NOSUID, NULL);
        make_mount("cgroup2", "sys/fs/cgroup", "cgroup2", MS_NODEV | MS_NOEXEC | MS_NOSUID, NULL);
        make_devices();
        check((int) syscall(SYS_pivot_root, ".", "."), "pivot_root");
        check(umount2(".", MNT_DETACH), "umount");
        check(chdir("/"), "/");
}

static void say_ready(void)
{
        const char *path = getenv("NOTIFY_SOCKET");
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (!path || strlen(path) >= sizeof(address.sun_path))
                errx(1, "NOTIFY_SOCKET is not set");
        (void) strcpy(address.sun_path, path);
        check((int) sendto(fd, "READY=1", 7, 0, (struct sockaddr *) &address, sizeof(address)),
              "NOTIFY_SOCKET");
}

int main(int argc, char **argv)
{
        struct clone_args args = {
                .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
                         CLONE_NEWCGROUP | CLONE_INTO_CGROUP,
                .exit_signal = SIGCHLD,
        };
        char path[] = "/sbin/init", container[] = "container=lxc";
        char *init[] = { path, NULL }, *environment[] = { container, NULL };
        int done[2];
        char byte;
        long pid;

        /* What the loader alone costs. */
        if (argc == 2 && strcmp(argv[1], "--version") == 0)
                return 0;
        if (argc != 3)
                errx(2, "usage: reference ROOTFS CGROUP");
        args.cgroup = (uint64_t) open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        check(pipe2(done, O_CLOEXEC), "pipe");
        pid = syscall(SYS_clone3, &args, sizeof(args));
        check((int) pid, "clone3");
        if (pid == 0) {
                set_up(argv[1]);
                (void) execve(init[0], init, environment);
                err(1, "execve");
        }
        (void) close(done[1]);
        if (read(done[0], &byte, 1) != 0)
                errx(1, "the child failed");
        say_ready();
        (void) waitpid((pid_t) pid, NULL, 0);
        return 0;
}
