/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/net/router.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "kernel/neighbour.h"
#include "kernel/route.h"

#define SETTING_SIZE_MAX 64

/* --- settings of an interface ----------------------------------------------------------------- */

/* A dot in the interface's name is one: no key of sysctl(8). */
static void setting_path(const char *link, int family, const char *name, char ret[128])
{
        (void) snprintf(ret, 128, "/proc/sys/net/%s/conf/%s/%s",
                        family == AF_INET ? "ipv4" : "ipv6", link, name);
}

static int set_setting(const char *link, int family, const char *name, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        char path[128];

        setting_path(link, family, name, path);
        fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 || write(fd, "1", 1) != 1)
                return error_errno(reterr, errno, "Cannot set '%s'", path);
        return 0;
}

/* What concerns more than the container is the host's to decide. */
static int expect_setting(const char *link, int family, const char *name, Error *reterr)
{
        _cleanup_(free_p) char *text = NULL;
        char path[128];

        setting_path(link, family, name, path);
        if (file_read(AT_FDCWD, path, SETTING_SIZE_MAX, &text, NULL) == 0 && text[0] != '0')
                return 0;
        return error_code(reterr, 0, ENOTSUP,
                          "Answering for the container on '%s' (l2proxy) needs '%s' to be 1: see "
                          "sysctl.d(5)",
                          link, path);
}

/* --- l2proxy ---------------------------------------------------------------------------------- */

static int check_link(const Nic *nic, Error *reterr)
{
        const PlanNet *plan = nic->plan;

        for (size_t i = 0; i < plan->n_addresses; i++) {
                int family = plan->addresses[i].family;
                int r = expect_setting(nic->link, family, "forwarding", reterr);

                if (r == 0 && family == AF_INET6)
                        r = expect_setting(nic->link, family, "proxy_ndp", reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_effect(const NicContext *context,
                      UndoKind kind,
                      const char *link,
                      const Address *address,
                      Error *reterr)
{
        char text[INET6_ADDRSTRLEN] = "";

        (void) inet_ntop(address->family, address->bytes, text, sizeof(text));
        return net_effect_add(context->effects, context->undo, kind, reterr, EFFECT_ADDRESS, link,
                              text, address->prefix);
}

static int
add_proxy(const NicContext *context, const LinkInfo *link, const Address *address, Error *reterr)
{
        int r = add_effect(context, UNDO_PROXY, link->name, address, reterr);

        return r < 0 ? r : neighbour_proxy_add(context->host, link->index, address, reterr);
}

static int add_own_route(const NicContext *context, const Address *address, Error *reterr)
{
        LinkInfo loopback;
        Route route = { .to = address };
        int r;

        r = link_get(context->host, "lo", &loopback, reterr);
        if (r == 0)
                r = add_effect(context, UNDO_ROUTE, "lo", address, reterr);
        if (r < 0)
                return r;
        route.link = loopback.index;
        return route_add(context->host, &route, reterr);
}

/* The address alone, without its network. */
static Address alone(const Address *address)
{
        Address one = *address;

        one.prefix = (unsigned) address_size(address->family) * 8;
        return one;
}

int net_proxy_add(const NicContext *context, const Nic *nic, bool own_routes, Error *reterr)
{
        const PlanNet *plan = nic->plan;
        LinkInfo link;
        int r;

        r = nic_link(context, nic, &link, reterr);
        if (r == 0)
                r = check_link(nic, reterr);
        for (size_t i = 0; i < plan->n_addresses && r == 0; i++) {
                Address address = alone(&plan->addresses[i]);

                if (own_routes)
                        r = add_own_route(context, &address, reterr);
                if (r == 0)
                        r = add_proxy(context, &link, &address, reterr);
        }
        return r;
}

/* --- router mode ------------------------------------------------------------------------------ */

/* The container asks on its veth who its gateway is, and we say: we are. */
static int
answer_for_gateway(const NicContext *context, const Nic *nic, int link, size_t which, Error *reterr)
{
        const NetGateway *gateway = &nic->gateways[which];
        int family = net_gateway_family(which), r;

        if (gateway->kind == GATEWAY_NONE)
                return 0;
        r = set_setting(nic->host_name, family, "forwarding", reterr);
        if (r == 0 && family == AF_INET6)
                r = set_setting(nic->host_name, family, "proxy_ndp", reterr);
        if (r < 0)
                return r;
        if (gateway->kind == GATEWAY_ADDRESS)
                return neighbour_proxy_add(context->host, link, &gateway->address, reterr);
        /* Without one it asks for everybody. */
        return family == AF_INET ? set_setting(nic->host_name, family, "proxy_arp", reterr) : 0;
}

static int add_routes(const NicContext *context,
                      const Address *list,
                      size_t n,
                      bool whole,
                      int link,
                      Error *reterr)
{
        for (size_t i = 0; i < n; i++) {
                Address address = whole ? list[i] : alone(&list[i]);
                Route route = { .to = &address, .link = link };
                int r = route_add(context->host, &route, reterr);

                if (r < 0)
                        return r;
        }
        return 0;
}

int net_router_set_up(const NicContext *context, const Nic *nic, Error *reterr)
{
        const PlanNet *plan = nic->plan;
        LinkInfo link;
        int r;

        if (!plan->veth.router && plan->veth.n_routes == 0)
                return 0;
        r = link_get(context->host, nic->host_name, &link, reterr);
        for (size_t i = 0; i < ELEMENTS(nic->gateways) && r == 0 && plan->veth.router; i++)
                r = answer_for_gateway(context, nic, link.index, i, reterr);
        if (r == 0 && plan->veth.router)
                r = add_routes(context, plan->addresses, plan->n_addresses, false, link.index,
                               reterr);
        if (r == 0)
                r = add_routes(context, plan->veth.routes, plan->veth.n_routes, true, link.index,
                               reterr);
        return r < 0 || !plan->neighbour_proxy ? r : net_proxy_add(context, nic, false, reterr);
}
