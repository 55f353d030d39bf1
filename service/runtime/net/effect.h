/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a network does to the host, as entries of the run's journal (runtime/record/undo.h), and how each
 * is undone: by the supervisor at the end of a run, by the clean-up after it was killed. */

#include "kernel/link.h"
#include "runtime/record/undo.h"

/* The effects of a run, in the order in which they were made. */
typedef struct NetEffects {
        UndoEntry *items;
        size_t n;
} NetEffects;

/* net_effect_add() - to the list and to the journal; before it is made. The object is what follows.
 * Return: 0, -errno. */
int net_effect_add(
        NetEffects *effects, Undo *undo, UndoKind kind, Error *reterr, const char *format, ...)
        _printf_(5, 6);

/* net_effect_drop() - the last one; it was undone, or not made. */
void net_effect_drop(NetEffects *effects, Undo *undo);

/* net_effects_undo() - all of them, the last first. Failures are logged. `netns_fd`: of the
 * container. */
void net_effects_undo(NetEffects *effects, Undo *undo, int netns_fd);
void net_effects_done(NetEffects *effects);

/* net_undo() - one of UNDO_LINK, UNDO_NETNS, UNDO_PHYS, UNDO_PROXY, UNDO_ROUTE. `netns_fd` < 0: the container's
 * network namespace is gone, or about to be. What is not there any more is as it should be. */
int net_undo(Netlink *host, int netns_fd, UndoKind kind, const char *object, Error *reterr);

/* --- objects ---------------------------------------------------------------------------------- */

/* UNDO_LINK: a link that we made, "NAME ADDRESS". It is ours when both are as they were. */
#define EFFECT_LINK "%s %s"
/* UNDO_PHYS: a link that was given away, "NAME INDEX INSIDE MTU ADDRESS OWN": what it is called on the
 * host, its indices on the host and in the container, how it was, and the address that it came with
 * as hardware. */
#define EFFECT_PHYS "%s %d %d %u %s %s"
/* UNDO_NETNS: the number of the namespace's inode, as in "net:[NUMBER]". */
#define EFFECT_NETNS "%ju"
/* UNDO_PROXY, UNDO_ROUTE: "LINK ADDRESS/PREFIX". */
#define EFFECT_ADDRESS "%s %s/%u"

/* "fe:01:...", or "-" */
#define HARDWARE_TEXT_MAX (3 * HARDWARE_ADDRESS_MAX)
void hardware_address_print(const unsigned char *bytes, size_t n, char ret[HARDWARE_TEXT_MAX]);

/* link_is_ours() - does the link have this hardware address? */
bool link_is_ours(const LinkInfo *link, const char *address);
