/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Subordinate ids: which ids of the host a user may map into user namespaces, by the lines
 * USER:FIRST:COUNT of /etc/subuid and /etc/subgid (subuid(5)). The files are read as they are: no
 * name service has a say in what a container may be. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define SUBID_FILE_USERS "/etc/subuid"
#define SUBID_FILE_GROUPS "/etc/subgid"

typedef struct SubIds {
        uid_t uid;
        char *name;   /* in /etc/passwd; NULL: none, only lines with the number count */
        char *users;  /* text of /etc/subuid; NULL: there is no such file */
        char *groups; /* of /etc/subgid */
} SubIds;

#define SUBIDS_NULL ((SubIds){ 0 })

/* subids_read() - what user `uid` may map. Return: 0, -errno. */
int subids_read(uid_t uid, SubIds *ret, Error *reterr);
void subids_done(SubIds *ids);

/* subid_text_covers() - do the lines of `name` (NULL: none) or of the number `uid` hold all of
 * FIRST to FIRST + COUNT - 1? Pure; lines of another form are passed over. */
bool subid_text_covers(
        const char *text, const char *name, uid_t uid, uint32_t first, uint32_t count);

/* subid_text_largest() - the largest range of the same lines. Return: false when there is none. */
bool subid_text_largest(
        const char *text, const char *name, uid_t uid, uint32_t *ret_first, uint32_t *ret_count);

/* subids_allow() - the same for a range of users or groups. A user's own uid may always be mapped,
 * alone, as newuidmap(1) has it. */
bool subids_allow(const SubIds *ids, bool groups, uint32_t first, uint32_t count);
