/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Some threads at one piece of work: a task that meets more than one thing to do offers a part of it
 * to whoever has nothing to do. A thread starts when there is something for it, so that what is small
 * is done by the caller alone. */

#include <stdbool.h>

#define CREW_THREADS_MAX 8

typedef struct Crew Crew;

/* Does the task, which it owns from now on. `thread` is below CREW_THREADS_MAX, and no other task of
 * that number runs at the same time. */
typedef void (*CrewTask)(Crew *crew, unsigned thread, void *task, void *userdata);

/* crew_run() - do `first` and what is offered meanwhile, by at most `n_threads` threads, the caller
 * among them (0: as many as there are processors, at least two). Returns when all of it is done. */
void crew_run(unsigned n_threads, CrewTask run, void *userdata, void *first);

/* crew_wants() - cheap, and only a hint: would an offer be accepted? */
bool crew_wants(const Crew *crew);

/* crew_offer() - Return: is the task taken? If not, it is still the caller's. */
bool crew_offer(Crew *crew, void *task);
