/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is done with the files of containers: all in jobs, but for the list of snapshots. */

#include "container/call.h"

extern const Field storage_clone_options[], storage_destroy_options[], storage_snapshot_options[],
        storage_restore_options[], storage_unsnapshot_options[];

Action storage_clone_extra(const Call *call);

int verb_clone(Call *call, Container *container, Error *reterr);
int verb_rename(Call *call, Container *container, Error *reterr);
int verb_destroy(Call *call, Container *container, Error *reterr);
int verb_create_snapshot(Call *call, Container *container, Error *reterr);
int verb_list_snapshots(Call *call, Container *container, Error *reterr);
int verb_restore_snapshot(Call *call, Container *container, Error *reterr);
int verb_destroy_snapshot(Call *call, Container *container, Error *reterr);
