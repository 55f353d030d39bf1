/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "config/config.h"
#include "storage/replica.h"

/* replica_write_config() - step 3 of storage/replica.h. Return: 0 (*ret is what it will be loaded as; the
 * caller frees), -errno. */
int replica_write_config(const Replica *replica, Config **ret, Error *reterr);
