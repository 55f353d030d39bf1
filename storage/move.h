/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What follows a container's directory that has got another name: steps 4 to 7 of storage/rename.h. Each
 * may be done twice. */

#include "storage/kinship.h"
#include "storage/job/report.h"
#include "storage/job/site.h"

typedef struct Move {
        const Site *from; /* without an open directory of its own */
        const Site *to;
        const char *from_id, *to_id;
        int dir_fd; /* the container's directory, readable */
        const char *lock_dir;
        const Report *report;
} Move;

/* move_config() - the container's configuration and what belongs to it, its snapshots' as well. Return:
 * 0, -errno. */
int move_config(const Move *move, Error *reterr);

/* move_dependents() - of those that are made of it. Return: 0, -errno. */
int move_dependents(const Move *move, Error *reterr);

/* move_announce() - its bases are told of the new name, beside the old one; move_bases() - they forget
 * the old one. Return: 0, -errno. */
int move_announce(const Move *move, Error *reterr);
int move_bases(const Move *move, Error *reterr);

/* move_hostname() - /etc/hostname, if it is the old name. What fails is only reported. */
void move_hostname(const Move *move);
