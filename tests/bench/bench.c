/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Times whole commands against each other, in turn (A B C, A B C ...), so that a machine whose speed
 * drifts is unfair to nobody. Reads a plan, prints a table and JSON.
 *
 *      bench ROUNDS JSON-FILE < PLAN
 *
 * A plan is lines of words (split at blanks, no quoting):
 *
 *      measure NAME AIM       begins a measurement; AIM is the ratio to the second contestant ("-": none)
 *      added NAME AIM         the same, of what something adds: four contestants, ours with and without
 *                             it, theirs with and without it; AIM is the ratio of the differences
 *      contestant NAME [AIM]  begins a contestant of it; the first is ours, and its AIM is milliseconds; that
 *                             of others is the ratio to them
 *      before COMMAND...      run before each timed round, not timed
 *      time COMMAND...        timed; several of them are one time
 *      ready COMMAND...       timed from its start until it says READY=1 on $NOTIFY_SOCKET; the process
 *                             goes on and is killed after the round
 *      after COMMAND...       run after each timed round, not timed
 *
 * A command that fails ends the contestant: its row says so, and nothing is made up for it. */

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEPS_MAX 12
#define WORDS_MAX 32
#define CONTESTANTS_MAX 4
#define ROUNDS_MAX 1000
#define READY_TIMEOUT_SEC 30

typedef enum StepKind {
        STEP_BEFORE,
        STEP_TIME,
        STEP_READY,
        STEP_AFTER,
} StepKind;

static const char *const step_names[] = { "before", "time", "ready", "after" };

typedef struct Step {
        StepKind kind;
        char *words[WORDS_MAX + 1];
} Step;

typedef struct Contestant {
        char *name, *aim;
        Step steps[STEPS_MAX];
        size_t n_steps;
        double msec[ROUNDS_MAX]; /* in the order of the rounds, then sorted */
        size_t n;
        bool failed;
} Contestant;

typedef struct Measure {
        char *name, *aim;
        Contestant contestants[CONTESTANTS_MAX];
        size_t n;
        bool of_added;
        double added[2]; /* ours, theirs: the median of the differences of each round */
} Measure;

static double now_msec(void)
{
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double) ts.tv_sec * 1e3 + (double) ts.tv_nsec / 1e6;
}

static pid_t start(char *const *words)
{
        posix_spawn_file_actions_t actions;
        pid_t pid;
        int r;

        (void) posix_spawn_file_actions_init(&actions);
        (void) posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        (void) posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        (void) posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        r = posix_spawnp(&pid, words[0], &actions, NULL, words, environ);
        (void) posix_spawn_file_actions_destroy(&actions);
        return r == 0 ? pid : -1;
}

static bool finish(pid_t pid)
{
        int status;

        return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
               WEXITSTATUS(status) == 0;
}

static int notify_socket(char path[static 64])
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct timeval timeout = { .tv_sec = READY_TIMEOUT_SEC };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        (void) snprintf(path, 64, "/run/bench-notify.%d", getpid());
        (void) strcpy(address.sun_path, path);
        (void) unlink(path);
        if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                err(1, "Cannot make '%s'", path);
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
        return fd;
}

static bool wait_ready(int fd)
{
        char text[4096];
        ssize_t n;

        while ((n = recv(fd, text, sizeof(text) - 1, 0)) >= 0) {
                text[n] = '\0';
                if (strstr(text, "READY=1"))
                        return true;
        }
        return false;
}

/* Return: < 0 it failed. *ret_pid: a process that goes on. */
static double time_ready(char *const *words, pid_t *ret_pid)
{
        char path[64];
        int fd = notify_socket(path);
        double begin, msec = -1;

        (void) setenv("NOTIFY_SOCKET", path, 1);
        begin = now_msec();
        *ret_pid = start(words);
        if (*ret_pid > 0 && wait_ready(fd))
                msec = now_msec() - begin;
        (void) unsetenv("NOTIFY_SOCKET");
        (void) close(fd);
        (void) unlink(path);
        return msec;
}

static double run_steps(Contestant *contestant, StepKind kind, pid_t *going)
{
        double total = 0;

        for (size_t i = 0; i < contestant->n_steps; i++) {
                Step *step = &contestant->steps[i];
                double begin = now_msec(), one;

                if (step->kind != kind)
                        continue;
                if (kind == STEP_READY) {
                        one = time_ready(step->words, going);
                        if (one < 0)
                                return -1;
                        total += one;
                        continue;
                }
                if (!finish(start(step->words))) {
                        (void) fprintf(stderr, "bench: %s: '%s %s' failed\n", contestant->name,
                                       step->words[0], step->words[1] ? step->words[1] : "");
                        return -1;
                }
                total += now_msec() - begin;
        }
        return total;
}

static void run_round(Contestant *contestant, bool counted)
{
        double timed, ready;
        pid_t going = 0;

        if (contestant->failed)
                return;
        contestant->failed = run_steps(contestant, STEP_BEFORE, NULL) < 0;
        timed = contestant->failed ? -1 : run_steps(contestant, STEP_TIME, NULL);
        ready = timed < 0 ? -1 : run_steps(contestant, STEP_READY, &going);
        if (going > 0) {
                (void) kill(going, SIGKILL);
                (void) waitpid(going, NULL, 0);
        }
        if (run_steps(contestant, STEP_AFTER, NULL) < 0 || timed < 0 || ready < 0)
                contestant->failed = true;
        else if (counted)
                contestant->msec[contestant->n++] = timed + ready;
}

static int compare(const void *a, const void *b)
{
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

static double median(const Contestant *contestant)
{
        size_t n = contestant->n;

        return n % 2 ? contestant->msec[n / 2]
                     : (contestant->msec[n / 2 - 1] + contestant->msec[n / 2]) / 2;
}

static void print_row(const Measure *measure, size_t i, double base, FILE *json, bool last)
{
        const Contestant *c = &measure->contestants[i];

        if (c->failed || c->n == 0) {
                (void) printf("  %-28s failed\n", c->name);
                (void) fprintf(json, "{\"name\":\"%s\",\"failed\":true}%s", c->name,
                               last ? "" : ",");
                return;
        }
        (void) printf("  %-28s %9.3f %9.3f %9.3f", c->name, median(c), c->msec[0],
                      c->msec[c->n - 1]);
        if (i > 0 && base > 0)
                (void) printf("   ours / this: %5.2f%s%s", base / median(c),
                              c->aim ? ", aim: " : "", c->aim ? c->aim : "");
        (void) printf("\n");
        (void) fprintf(json,
                       "{\"name\":\"%s\",\"aim\":\"%s\",\"median\":%.4f,\"min\":%.4f,\"max\":%.4f,"
                       "\"rounds\":%zu}%s",
                       c->name, c->aim ? c->aim : "-", median(c), c->msec[0], c->msec[c->n - 1],
                       c->n, last ? "" : ",");
}

static void print_added(const Measure *measure, FILE *json)
{
        double ratio = measure->added[0] / measure->added[1];

        (void) printf("  added: %.3f, theirs: %.3f   ours / theirs: %.2f\n", measure->added[0],
                      measure->added[1], ratio);
        (void) fprintf(json, ",\"added\":[%.4f,%.4f],\"ratio\":%.3f", measure->added[0],
                       measure->added[1], ratio);
}

static void print_measure(const Measure *measure, FILE *json, bool first)
{
        double base = 0;

        if (!measure->contestants[0].failed && measure->contestants[0].n > 0)
                base = median(&measure->contestants[0]);
        (void) printf("%s%s%s\n", measure->name,
                      strcmp(measure->aim, "-") == 0 ? ""
                      : measure->of_added ? "   aim: what it adds to ours / to theirs <= "
                                          : "   aim: ours / second <= ",
                      strcmp(measure->aim, "-") == 0 ? "" : measure->aim);
        (void) fprintf(json,
                       "%s{\"measure\":\"%s\",\"unit\":\"ms\",\"aim\":\"%s\",\"contestants\":[",
                       first ? "" : ",\n", measure->name, measure->aim);
        for (size_t i = 0; i < measure->n; i++)
                print_row(measure, i, base, json, i + 1 == measure->n);
        (void) fprintf(json, "]");
        if (measure->of_added && measure->added[1] > 0)
                print_added(measure, json);
        (void) fprintf(json, "}");
}

/* Before they are sorted: what is compared lies next to each other in time. */
static double median_difference(const Contestant *with, const Contestant *without)
{
        static Contestant difference;

        difference.n = with->n;
        for (size_t i = 0; i < with->n; i++)
                difference.msec[i] = with->msec[i] - without->msec[i];
        qsort(difference.msec, difference.n, sizeof(double), compare);
        return median(&difference);
}

static void find_added(Measure *measure, unsigned rounds)
{
        for (size_t i = 0; i < measure->n; i++)
                if (measure->n != 4 || measure->contestants[i].n != rounds)
                        return;
        for (size_t i = 0; i < 2; i++)
                measure->added[i] = median_difference(&measure->contestants[2 * i],
                                                      &measure->contestants[2 * i + 1]);
}

static void run_measure(Measure *measure, unsigned rounds)
{
        for (unsigned round = 0; round <= rounds; round++)
                for (size_t i = 0; i < measure->n; i++)
                        run_round(&measure->contestants[i], round > 0);
        if (measure->of_added)
                find_added(measure, rounds);
        for (size_t i = 0; i < measure->n; i++)
                qsort(measure->contestants[i].msec, measure->contestants[i].n, sizeof(double),
                      compare);
}

static size_t split(char *line, char **words, size_t max)
{
        size_t n = 0;

        for (char *word = strtok(line, " \t\n"); word && n < max; word = strtok(NULL, " \t\n"))
                words[n++] = strdup(word);
        words[n] = NULL;
        return n;
}

static void add_line(Measure *measure, char **words, size_t n)
{
        Contestant *contestant = measure->n > 0 ? &measure->contestants[measure->n - 1] : NULL;

        if (strcmp(words[0], "contestant") == 0) {
                if (measure->n == CONTESTANTS_MAX || n < 2 || n > 3)
                        errx(2, "Bad contestant");
                contestant = &measure->contestants[measure->n++];
                contestant->name = words[1];
                contestant->aim = words[2];
                return;
        }
        for (StepKind kind = STEP_BEFORE; kind <= STEP_AFTER; kind++)
                if (contestant && contestant->n_steps < STEPS_MAX &&
                    strcmp(words[0], step_names[kind]) == 0) {
                        Step *step = &contestant->steps[contestant->n_steps++];

                        step->kind = kind;
                        memcpy(step->words, words + 1, n * sizeof(char *));
                        return;
                }
        errx(2, "Bad line '%s'", words[0]);
}

static bool begins_measure(const char *word)
{
        return strcmp(word, "measure") == 0 || strcmp(word, "added") == 0;
}

int main(int argc, char **argv)
{
        static Measure measure;
        char line[1024], *words[WORDS_MAX + 1];
        unsigned rounds = argc == 3 ? (unsigned) atoi(argv[1]) : 0;
        bool open = false, first = true;
        FILE *json;

        if (rounds == 0 || rounds > ROUNDS_MAX)
                errx(2, "usage: bench ROUNDS JSON-FILE < PLAN");
        json = fopen(argv[2], "we");
        if (!json)
                err(1, "Cannot write '%s'", argv[2]);
        (void) fprintf(json, "[");
        (void) printf("%-30s %9s %9s %9s   (ms, %u rounds in turn)\n", "", "median", "min", "max",
                      rounds);
        for (;;) {
                bool more = fgets(line, sizeof(line), stdin) != NULL;
                size_t n = more ? split(line, words, WORDS_MAX) : 0;

                if (more && (n == 0 || words[0][0] == '#'))
                        continue;
                if (open && (!more || begins_measure(words[0]))) {
                        run_measure(&measure, rounds);
                        print_measure(&measure, json, first);
                        (void) fflush(stdout);
                        first = false;
                }
                if (!more)
                        break;
                if (begins_measure(words[0])) {
                        if (n != 3)
                                errx(2, "Bad measure");
                        measure = (Measure){
                                .name = words[1],
                                .aim = words[2],
                                .of_added = strcmp(words[0], "added") == 0,
                        };
                        open = true;
                } else
                        add_line(&measure, words, n);
        }
        (void) fprintf(json, "]\n");
        return fclose(json) == 0 ? 0 : 1;
}
