/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* All containers of the host: follows the container path by inotify, keeps a summary of each
 * config. A broken config breaks one container's `broken`, nothing else. */

#include "container/container.h"

typedef struct Registry Registry;

/* Scans; tells nobody (the sinks come later). */
int registry_new(Manager *manager, Registry **ret, Error *reterr);
Registry *registry_free(Registry *registry);

Container *registry_find(Registry *registry, const char *id);
Container *registry_first(Registry *registry);

/* registry_ensure() - the container of this id, which may lie outside of the container path and be
 * known only since it runs. Return: NULL: not an id, or no memory. */
Container *registry_ensure(Registry *registry, const char *id);

/* registry_refresh() - read the config again if it, or what it includes, changed. */
void registry_refresh(Container *container);

/* registry_settle() - the container stopped: forget it if its directory is gone. */
void registry_settle(Registry *registry, Container *container);

/* registry_settle_later() - the same from within whatever still uses the container. */
void registry_settle_later(Container *container);

/* registry_check() - look at the disk now, without waiting for inotify to tell. */
void registry_check(Registry *registry, const char *name);
