/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Kills a process at one of its system calls, counted exactly.
 *
 *      kill-at self PID N COMMAND...       the process itself
 *      kill-at child PID N COMMAND...      the first child that it makes from now on
 *      kill-at child PID N,M COMMAND...    that, and at its Mth the child that it makes next
 *
 *      MEANWHILE=SHELL-COMMAND kill-at ... the same, but it is not killed: it waits there until that
 *                                          command has ended, 0.3 s at most, and goes on
 *
 *      FAIL=ERRNO kill-at ...              the same, but it is not killed: the call fails with that error.
 *                                          Only calls are counted which a full or broken disk can fail
 *
 * From now on, while COMMAND runs, the system calls of that process (all of its threads, none of its
 * children) are counted, and it gets SIGKILL when it enters the Nth; the call does not take place. N = 0:
 * it is only counted. Prints "killed NUMBER" (or "paused", "failed") with the number of the system call
 * (see ausyscall(8)), or "whole COUNT" when there were fewer, of the last one that is to be killed. Exits
 * with COMMAND's status, whose output is left alone but for its standard output, which goes to standard
 * error. */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS                                                                                    \
        (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK)

typedef struct Watch {
        pid_t target; /* whose PID was given */
        pid_t victim; /* 0: it is not there yet */
        pid_t last;   /* victim, which is dead */
        pid_t command;
        unsigned long kill_at, n;
        unsigned long then; /* the next victim's */
        bool has_next;
        const char *meanwhile; /* NULL: kill it */
        pid_t other;           /* the process of that, 0: not any more */
        pid_t paused;          /* the thread that waits for it, 0: none */
        int failure;           /* errno, 0: kill it */
        pid_t failing;         /* the thread whose call is to fail, 0: none */
        long killed;           /* the system call, -1: not yet */
        int status;            /* of the command */
        bool command_ended;
} Watch;

/* The process that a thread belongs to, 0: it is gone. */
static pid_t process_of(pid_t thread)
{
        char path[64], line[128];
        pid_t process = 0;
        FILE *file;

        (void) snprintf(path, sizeof(path), "/proc/%d/status", thread);
        file = fopen(path, "re");
        if (!file)
                return 0;
        while (fgets(line, sizeof(line), file))
                if (sscanf(line, "Tgid: %d", &process) == 1)
                        break;
        (void) fclose(file);
        return process;
}

static void go_on(const Watch *watch, pid_t thread, int sig)
{
        bool counted = watch->victim > 0 && process_of(thread) == watch->victim;

        if (watch->victim > 0 && !counted && process_of(thread) != watch->target)
                (void) ptrace(PTRACE_DETACH, thread, NULL, (void *) (long) sig);
        else
                (void) ptrace(counted ? PTRACE_SYSCALL : PTRACE_CONT, thread, NULL,
                              (void *) (long) sig);
}

static void next_victim(Watch *watch)
{
        if (!watch->has_next)
                return;
        watch->has_next = false;
        watch->last = watch->victim;
        watch->victim = 0;
        watch->kill_at = watch->then;
        watch->n = 0;
        watch->killed = -1;
}

static void on_alarm(int sig)
{
        (void) sig;
}

static void pause_for(Watch *watch, pid_t thread)
{
        const struct timeval most = { .tv_usec = 300000 };

        watch->paused = thread;
        watch->other = fork();
        if (watch->other < 0)
                err(2, "Cannot fork");
        if (watch->other == 0) {
                (void) dup2(STDERR_FILENO, STDOUT_FILENO);
                (void) execl("/bin/sh", "sh", "-c", watch->meanwhile, NULL);
                err(127, "Cannot execute a shell");
        }
        /* Again, when it comes while nobody waits. */
        (void) setitimer(ITIMER_REAL, &(struct itimerval){ .it_interval = most, .it_value = most },
                         NULL);
}

/* Those that take room, or say whether something has reached the disk. */
static bool needs_disk(const struct __ptrace_syscall_info *info)
{
        switch (info->entry.nr) {
        case SYS_openat:
                return info->entry.args[2] & O_CREAT;
        case SYS_mkdirat:
        case SYS_mknodat:
        case SYS_symlinkat:
        case SYS_linkat:
        case SYS_renameat:
        case SYS_renameat2:
        case SYS_write:
        case SYS_pwrite64:
        case SYS_sendfile:
        case SYS_copy_file_range:
        case SYS_fallocate:
        case SYS_ftruncate:
        case SYS_fsync:
        case SYS_syncfs:
        case SYS_setxattr:
        case SYS_fsetxattr:
        case SYS_fchmod:
        case SYS_fchmodat:
        case SYS_fchown:
        case SYS_fchownat:
                return true;
        default:
                return false;
        }
}

/* On the way in: no such call, which has no effect. On the way out: the error. */
static void fail(Watch *watch, pid_t thread, bool entry)
{
#if defined(__x86_64__)
        struct user_regs_struct registers;

        if (ptrace(PTRACE_GETREGS, thread, NULL, &registers) < 0)
                err(2, "Cannot read registers");
        if (entry)
                registers.orig_rax = (unsigned long long) -1;
        else
                registers.rax = (unsigned long long) -(long) watch->failure;
        if (ptrace(PTRACE_SETREGS, thread, NULL, &registers) < 0)
                err(2, "Cannot write registers");
#else
        errx(2, "FAIL= is not known on this machine");
#endif
        watch->failing = entry ? thread : 0;
}

static void at_call(Watch *watch, pid_t thread)
{
        if (watch->meanwhile) {
                pause_for(watch, thread);
        } else if (watch->failure) {
                fail(watch, thread, true);
                go_on(watch, thread, 0);
        } else {
                (void) kill(watch->victim, SIGKILL);
                next_victim(watch);
        }
}

static void on_syscall(Watch *watch, pid_t thread)
{
        struct __ptrace_syscall_info info = { 0 };

        if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, (void *) sizeof(info), &info) <= 0)
                info.op = PTRACE_SYSCALL_INFO_NONE;
        if (info.op == PTRACE_SYSCALL_INFO_EXIT && watch->failing == thread)
                fail(watch, thread, false);
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY && watch->killed < 0 &&
            (!watch->failure || needs_disk(&info)) && ++watch->n == watch->kill_at) {
                watch->killed = (long) info.entry.nr;
                at_call(watch, thread);
                return;
        }
        go_on(watch, thread, 0);
}

/* A stop that is not a system call: a new thread or process, a signal, a group stop. */
static void on_stop(Watch *watch, pid_t thread, int status)
{
        int event = status >> 16, sig = WSTOPSIG(status);

        if (watch->victim == 0 && thread != watch->target && thread != watch->last &&
            process_of(thread) == thread)
                watch->victim = thread;
        if (event == PTRACE_EVENT_STOP && sig != SIGTRAP)
                (void) ptrace(PTRACE_LISTEN, thread, NULL, NULL);
        else
                go_on(watch, thread, event ? 0 : sig);
}

static void end_pause(Watch *watch)
{
        pid_t thread = watch->paused;

        watch->paused = 0;
        if (thread > 0)
                go_on(watch, thread, 0);
}

static void on_end(Watch *watch, pid_t thread, int status)
{
        if (thread == watch->other) {
                watch->other = 0;
                end_pause(watch);
        }
        if (thread == watch->command) {
                watch->command_ended = true;
                watch->status = status;
        }
}

static pid_t start(char **words)
{
        pid_t pid = fork();

        if (pid < 0)
                err(2, "Cannot fork");
        if (pid == 0) {
                (void) dup2(STDERR_FILENO, STDOUT_FILENO);
                (void) execvp(words[0], words);
                err(127, "Cannot execute '%s'", words[0]);
        }
        return pid;
}

static void seize(const Watch *watch)
{
        if (ptrace(PTRACE_SEIZE, watch->target, NULL, (void *) (long) OPTIONS) < 0)
                err(2, "Cannot trace %d", watch->target);
        if (ptrace(PTRACE_INTERRUPT, watch->target, NULL, NULL) < 0)
                err(2, "Cannot stop %d", watch->target);
}

static void follow(Watch *watch)
{
        while (!watch->command_ended || watch->other > 0) {
                int status;
                pid_t thread = waitpid(-1, &status, __WALL);

                if (thread < 0 && errno == EINTR) {
                        end_pause(watch);
                        continue;
                }
                if (thread < 0)
                        err(2, "Cannot wait");
                if (!WIFSTOPPED(status))
                        on_end(watch, thread, status);
                else if (WSTOPSIG(status) == (SIGTRAP | 0x80))
                        on_syscall(watch, thread);
                else
                        on_stop(watch, thread, status);
        }
}

int main(int argc, char **argv)
{
        Watch watch = { .killed = -1 };
        char *rest;

        if (argc < 5 || (strcmp(argv[1], "self") != 0 && strcmp(argv[1], "child") != 0))
                errx(2, "Usage: kill-at self|child PID N COMMAND...");
        watch.meanwhile = getenv("MEANWHILE");
        if (getenv("FAIL"))
                watch.failure = (int) strtol(getenv("FAIL"), NULL, 10);
        (void) sigaction(SIGALRM, &(struct sigaction){ .sa_handler = on_alarm }, NULL);
        watch.target = (pid_t) strtol(argv[2], NULL, 10);
        watch.kill_at = strtoul(argv[3], &rest, 10);
        watch.has_next = *rest == ',';
        if (watch.has_next)
                watch.then = strtoul(rest + 1, NULL, 10);
        if (strcmp(argv[1], "self") == 0)
                watch.victim = watch.target;
        seize(&watch);
        watch.command = start(argv + 4);
        follow(&watch);
        if (watch.killed >= 0)
                (void) printf("%s %ld\n",
                              watch.meanwhile ? "paused"
                              : watch.failure ? "failed"
                                              : "killed",
                              watch.killed);
        else
                (void) printf("whole %lu\n", watch.n);
        return WIFEXITED(watch.status) ? WEXITSTATUS(watch.status) : 128 + WTERMSIG(watch.status);
}
