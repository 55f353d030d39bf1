/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The functions of the verbs about configuration; their rows are in container/verbs-container.c. */

#include "container/call.h"

int verb_get_config(Call *call, Container *container, Error *reterr);
int verb_list_config_keys(Call *call, Container *container, Error *reterr);
int verb_read_config(Call *call, Container *container, Error *reterr);
int verb_set_config(Call *call, Container *container, Error *reterr);
int verb_unset_config(Call *call, Container *container, Error *reterr);
int verb_write_config(Call *call, Container *container, Error *reterr);
int verb_convert_config(Call *call, Container *container, Error *reterr);

/* GetCgroup, SetCgroup: of the running container. */
int verb_cgroup(Call *call, Container *container, Error *reterr);
