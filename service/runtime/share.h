/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Namespaces of others that a container joins (lxc.namespace.share.*). */

#include "kernel/namespace.h"
#include "runtime/plan/plan.h"

/* shares_open() - `ret` has room for one of each type. What a name stands for is the init of that
 * container, which must be running. Return: how many, -errno. */
int shares_open(const Plan *plan, NamespaceFd *ret, Error *reterr);

void shares_close(NamespaceFd *shares, size_t n);

/* CLONE_NEW* of what the plan shares. */
uint64_t shares_flags(const Plan *plan);
