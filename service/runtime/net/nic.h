/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One interface of a container, made on the host. */

#include "runtime/net/effect.h"
#include "runtime/plan/net.h"

typedef struct NicContext {
        const char *id;
        Netlink *host;
        int netns_fd; /* of the container */
        NetEffects *effects;
        Undo *undo;
} NicContext;

typedef struct Nic {
        const PlanNet *plan;
        char link[IFNAMSIZ];      /* the device itself, where the plan has a wildcard */
        char host_name[IFNAMSIZ]; /* of a veth */
        char name[IFNAMSIZ];      /* inside */
        NetGateway gateways[2];   /* none, an address, or the device */
} Nic;

/* nic_make() - the interface is then in the container's network namespace under its name there, down
 * but for what the container is to set. Each effect is in the journal before it is made. */
int nic_make(const NicContext *context, Nic *nic, Error *reterr);

/* nic_show() - gives what is seen of it on the host the name by which people find it. A failure
 * changes nothing for the container. */
void nic_show(const NicContext *context, const Nic *nic);

/* nic_spec() - what every interface in the container has. nic_create() - makes one; a type that the
 * kernel has not is told in the words of its configuration. Return: as link_create(). */
LinkSpec nic_spec(const NicContext *context, const Nic *nic);
int nic_create(const NicContext *context, const LinkSpec *spec, Error *reterr);

/* nic_link() - the interface of the host that the nic hangs on. Return: 0, -ENODEV, -errno. */
int nic_link(const NicContext *context, const Nic *nic, LinkInfo *ret, Error *reterr);
