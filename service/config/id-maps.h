/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a list of lxc.idmap lines says. Pure. */

#include "config/config.h"

/* The id that the container's root has on the host; 0 when it has none. */
uint32_t id_maps_root(const IdMap *maps, size_t n, bool group);

/* The text of uid_map or gid_map (user_namespaces(7)). The caller frees; NULL when out of memory. */
char *id_maps_text(const IdMap *maps, size_t n, bool group);
