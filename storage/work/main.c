/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* nagaya-work: runs the jobs of the service (create, destroy) in worker processes of their own. Started
 * with the service, and by its socket with a job, it leaves when there was nothing to do for a while. It
 * needs every right on the host's storage, which the service itself does not have. */

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "base/file.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/process.h"
#include "base/strv.h"
#include "config/system-config.h"
#include "interfaces/names.h"
#include "kernel/cgroup.h"
#include "storage/work/server.h"
#include "storage/template.h"
#include "storage/unit-files.h"

#define IDLE_USEC (10 * USEC_PER_SEC)
#define KEEP_USEC (60 * USEC_PER_SEC)
#define ACTIVATION_FD 3

typedef struct Arguments {
        const char *listen;   /* --listen */
        const char *lock_dir; /* --lock-directory */
} Arguments;

static const char help_text[] =
        "Usage: nagaya-work [--listen PATH] [--lock-directory PATH]\n"
        "\n"
        "Runs the jobs of nagayad(8). Started by nagaya-work.socket.\n"
        "\n"
        "  --listen PATH          listen there instead, and do not leave when idle\n"
        "  --lock-directory PATH  of containers, instead of " LOCK_DIR "\n"
        "  --help, --version\n";

/* Return: 0 go on, 1 nothing more to do, -EINVAL. */
static int parse_arguments(int argc, char **argv, Arguments *ret)
{
        static const struct option options[] = {
                { "listen", required_argument, NULL, 'l' },
                { "lock-directory", required_argument, NULL, 'd' },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'v' },
                { NULL },
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case 'l':
                        ret->listen = optarg;
                        break;
                case 'd':
                        ret->lock_dir = optarg;
                        break;
                case 'h':
                        (void) fputs(help_text, stdout);
                        return 1;
                case 'v':
                        (void) puts("nagaya-work " VERSION);
                        return 1;
                default:
                        return -EINVAL;
                }
        if (optind < argc)
                (void) fprintf(stderr, "nagaya-work takes no arguments, only options\n");
        return optind < argc ? -EINVAL : 0;
}

/* The socket that the service manager passed (sd_listen_fds(3)). */
static int activation_socket(Error *reterr)
{
        const char *pid_text = getenv("LISTEN_PID"), *n_text = getenv("LISTEN_FDS");
        pid_t pid = 0;
        uint32_t n = 0;

        if (pid_text && n_text)
                (void) (parse_pid(pid_text, &pid) < 0 || parse_u32(n_text, &n) < 0);
        (void) unsetenv("LISTEN_PID");
        (void) unsetenv("LISTEN_FDS");
        (void) unsetenv("LISTEN_FDNAMES");
        if (pid != getpid() || n != 1)
                return error_code(reterr, 0, EINVAL,
                                  "nagaya-work is started by nagaya-work.socket; by hand, it needs "
                                  "--listen");
        if (fcntl(ACTIVATION_FD, F_SETFD, FD_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot use the socket that was passed");
        return ACTIVATION_FD;
}

static int own_socket(const char *path, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (strlen(path) >= sizeof(address.sun_path))
                return error_errno(reterr, ENAMETOOLONG, "Cannot listen on '%s'", path);
        (void) strcpy(address.sun_path, path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return error_errno(reterr, errno, "Cannot make a socket");
        (void) unlink(path);
        (void) umask(0177);
        if (bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ||
            listen(fd, SOMAXCONN) < 0)
                return error_errno(reterr, errno, "Cannot listen on '%s'", path);
        (void) umask(0022);
        return TAKE_FD(fd);
}

/* Only a group that the service manager has handed over may be divided. Return: fd, -errno. */
static int delegated_group(void)
{
        static const char *const marks[] = { "trusted.delegate", "user.delegate" };
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *path = NULL;

        fd = cgroup_open_own(&path, NULL);
        if (fd < 0)
                return fd;
        for (size_t i = 0; i < ELEMENTS(marks); i++) {
                char value;

                if (getxattr(fd_path(fd).text, marks[i], &value, 1) == 1 && value == '1')
                        return TAKE_FD(fd);
        }
        return -EPERM;
}

/* The signals by which the service manager stops us, to be read rather than died of. Return: fd,
 * -errno. */
static int stop_signals(Error *reterr)
{
        sigset_t set;
        int fd;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigaddset(&set, SIGINT);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return error_errno(reterr, errno, "Cannot block signals");
        fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return fd < 0 ? error_errno(reterr, errno, "Cannot wait for signals") : fd;
}

/* Tells nagayad, when that starts, that there may be jobs to follow. A file left by a crash costs a
 * start for nothing. */
static void mark_active(bool active)
{
        if (active)
                (void) file_write_atomic(AT_FDCWD, WORK_ACTIVE, "", 0600, false);
        else
                (void) unlink(WORK_ACTIVE);
}

static int serve(const ServerOptions *options, Error *reterr)
{
        _cleanup_(loop_free_p) Loop *loop = NULL;
        _cleanup_(work_server_free_p) Server *server = NULL;
        int r;

        r = loop_new(&loop);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot make an event loop");
        r = work_server_new(loop, options, &server, reterr);
        if (r < 0)
                return r;
        mark_active(true);
        notify("READY=1");
        r = loop_run(loop);
        mark_active(false);
        notify("STOPPING=1");
        return r < 0 ? error_errno(reterr, -r, "The event loop failed") : 0;
}

static int run(const Arguments *arguments, Error *reterr)
{
        _cleanup_(system_config_free_p) SystemConfig *config = NULL;
        _cleanup_(fd_close_p) int listen_fd = -EBADF, group_fd = -EBADF, stop_fd = -EBADF;
        int r;

        listen_fd = arguments->listen ? own_socket(arguments->listen, reterr)
                                      : activation_socket(reterr);
        if (listen_fd < 0)
                return listen_fd;
        stop_fd = stop_signals(reterr);
        if (stop_fd < 0)
                return stop_fd;
        group_fd = delegated_group();
        r = system_config_load(&config, reterr);
        if (r < 0)
                return r;
        return serve(
                &(ServerOptions){
                        .listen_fd = listen_fd,
                        .group_fd = group_fd,
                        .stop_fd = stop_fd,
                        .lock_dir = arguments->lock_dir,
                        .template_directories = template_directories,
                        .unit_directories = unit_directories,
                        .container_path = system_config_container_path(config),
                        .idle_usec = arguments->listen ? USEC_INFINITY : IDLE_USEC,
                        .keep_usec = KEEP_USEC,
                },
                reterr);
}

int main(int argc, char **argv)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        Arguments arguments = { .lock_dir = LOCK_DIR };
        int r;

        notify_setup();
        log_setup("nagaya-work", NULL);
        (void) signal(SIGPIPE, SIG_IGN);
        r = parse_arguments(argc, argv, &arguments);
        if (r != 0)
                return r < 0 ? 2 : EXIT_SUCCESS;
        if (run(&arguments, &error) < 0) {
                log_error_event(LOG_ERR, NULL, &error, NULL);
                notify_status(error_message(&error));
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
