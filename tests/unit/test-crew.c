/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/copy/crew.h"

#include <glib.h>
#include <stdatomic.h>
#include <stdint.h>

#define TASKS 100000U

static atomic_uint done[TASKS + 1];
static atomic_uint busy[CREW_THREADS_MAX];
static atomic_uint n_taken;

/* Task N does the numbers from 1 to N: itself, and the halves of what is left by offer or at once. */
static void count(Crew *crew, unsigned first, unsigned last)
{
        while (first < last) {
                unsigned middle = first + (last - first) / 2;
                uintptr_t task = (uintptr_t) middle << 32 | last;

                if (middle + 1 < last && crew_wants(crew) && crew_offer(crew, (void *) task))
                        n_taken++;
                else
                        count(crew, middle + 1, last);
                last = middle;
        }
        if (first == last)
                done[first]++;
}

static void run(Crew *crew, unsigned thread, void *task, void *userdata)
{
        uintptr_t range = (uintptr_t) task;

        g_assert_cmpuint(thread, <, CREW_THREADS_MAX);
        g_assert_true(userdata == done);
        g_assert_cmpuint(atomic_fetch_add(&busy[thread], 1), ==, 0);
        count(crew, (unsigned) (range >> 32) + 1, (unsigned) range);
        busy[thread]--;
}

static void test_each_task_once(gconstpointer threads)
{
        for (unsigned i = 0; i <= TASKS; i++)
                done[i] = 0;
        n_taken = 0;
        crew_run(GPOINTER_TO_UINT(threads), run, done, (void *) (uintptr_t) TASKS);
        for (unsigned i = 1; i <= TASKS; i++)
                g_assert_cmpuint(done[i], ==, 1);
        if (GPOINTER_TO_UINT(threads) == 1)
                g_assert_cmpuint(n_taken, ==, 0);
        else
                g_assert_cmpuint(n_taken, >, 0);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_data_func("/crew/does-each-task-once/alone", GUINT_TO_POINTER(1),
                             test_each_task_once);
        g_test_add_data_func("/crew/does-each-task-once/in-twos", GUINT_TO_POINTER(2),
                             test_each_task_once);
        g_test_add_data_func("/crew/does-each-task-once/many", GUINT_TO_POINTER(1000),
                             test_each_task_once);
        g_test_add_data_func("/crew/does-each-task-once/as-many-as-fit", GUINT_TO_POINTER(0),
                             test_each_task_once);
        return g_test_run();
}
