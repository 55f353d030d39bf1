/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The queue is short, one task for each thread: what waits in it holds file descriptors, and what
 * nobody will do soon is better done at once, where the caches are warm. */

#include "storage/copy/crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

struct Crew {
        CrewTask run;
        void *userdata;
        unsigned n_threads; /* at most; fewer where no more can be started */
        pthread_mutex_t lock;
        pthread_cond_t changed;
        /* Under the lock. */
        void *queue[CREW_THREADS_MAX];
        unsigned first, n_queued;
        unsigned n_started, n_numbered, n_idle;
        bool is_done;
        /* A copy of "the queue has room", read without the lock. */
        atomic_bool has_room;
        pthread_t threads[CREW_THREADS_MAX];
};

static unsigned number_of_threads(unsigned wanted)
{
        long n = wanted;

        if (n == 0) {
                n = sysconf(_SC_NPROCESSORS_ONLN);
                if (n < 2)
                        n = 2;
        }
        return n < CREW_THREADS_MAX ? (unsigned) n : CREW_THREADS_MAX;
}

static void note_room(Crew *crew)
{
        atomic_store_explicit(&crew->has_room,
                              crew->n_threads > 1 && crew->n_queued < crew->n_threads,
                              memory_order_relaxed);
}

/* Waits for a task, or for the end: then all wait, and nobody is left to offer one. */
static void *next_task(Crew *crew)
{
        void *task = NULL;

        (void) pthread_mutex_lock(&crew->lock);
        crew->n_idle++;
        while (crew->n_queued == 0 && !crew->is_done) {
                if (crew->n_idle == crew->n_started) {
                        crew->is_done = true;
                        (void) pthread_cond_broadcast(&crew->changed);
                } else
                        (void) pthread_cond_wait(&crew->changed, &crew->lock);
        }
        if (crew->n_queued > 0) {
                task = crew->queue[crew->first];
                crew->first = (crew->first + 1) % CREW_THREADS_MAX;
                crew->n_queued--;
                crew->n_idle--;
                note_room(crew);
        }
        (void) pthread_mutex_unlock(&crew->lock);
        return task;
}

static void work(Crew *crew, unsigned thread)
{
        void *task;

        while ((task = next_task(crew)))
                crew->run(crew, thread, task, crew->userdata);
}

static void *thread_main(void *userdata)
{
        Crew *crew = userdata;
        unsigned thread;

        (void) pthread_mutex_lock(&crew->lock);
        thread = crew->n_numbered++;
        (void) pthread_mutex_unlock(&crew->lock);
        work(crew, thread);
        return NULL;
}

/* Under the lock. Not to get one more is no failure: those who are there do all of it. */
static void start_thread(Crew *crew)
{
        if (pthread_create(&crew->threads[crew->n_started], NULL, thread_main, crew) == 0)
                crew->n_started++;
        else
                crew->n_threads = crew->n_started;
}

bool crew_wants(const Crew *crew)
{
        return atomic_load_explicit(&crew->has_room, memory_order_relaxed);
}

bool crew_offer(Crew *crew, void *task)
{
        bool taken;

        (void) pthread_mutex_lock(&crew->lock);
        taken = crew->n_threads > 1 && crew->n_queued < crew->n_threads;
        if (taken) {
                crew->queue[(crew->first + crew->n_queued) % CREW_THREADS_MAX] = task;
                crew->n_queued++;
                if (crew->n_idle > 0)
                        (void) pthread_cond_signal(&crew->changed);
                else if (crew->n_started < crew->n_threads)
                        start_thread(crew);
        }
        note_room(crew);
        (void) pthread_mutex_unlock(&crew->lock);
        return taken;
}

void crew_run(unsigned n_threads, CrewTask run, void *userdata, void *first)
{
        Crew crew = {
                .run = run,
                .userdata = userdata,
                .n_threads = number_of_threads(n_threads),
                .lock = PTHREAD_MUTEX_INITIALIZER,
                .changed = PTHREAD_COND_INITIALIZER,
                .queue = { first },
                .n_queued = 1,
                .n_started = 1,
                .n_numbered = 1,
        };

        note_room(&crew);
        work(&crew, 0);
        for (unsigned i = 1; i < crew.n_started; i++)
                (void) pthread_join(crew.threads[i], NULL);
}
