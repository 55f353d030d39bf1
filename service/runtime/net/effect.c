/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/net/effect.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/parse.h"
#include "base/strv.h"
#include "kernel/neighbour.h"
#include "kernel/route.h"
#include "runtime/net/phys.h"

int net_effect_add(
        NetEffects *effects, Undo *undo, UndoKind kind, Error *reterr, const char *format, ...)
{
        UndoEntry *grown;
        char *object;
        va_list ap;
        int r;

        va_start(ap, format);
        object = string_vformat(format, ap);
        va_end(ap);
        if (!object)
                return error_oom(reterr);
        grown = reallocarray(effects->items, effects->n + 1, sizeof(UndoEntry));
        if (!grown) {
                free(object);
                return error_oom(reterr);
        }
        effects->items = grown;
        grown[effects->n++] = (UndoEntry){ .kind = kind, .object = object };
        r = undo_add(undo, kind, object);
        if (r == 0)
                return 0;
        free(grown[--effects->n].object);
        return error_errno(reterr, -r, "Cannot write the journal of the run");
}

void net_effect_drop(NetEffects *effects, Undo *undo)
{
        UndoEntry *last = &effects->items[--effects->n];

        (void) undo_drop(undo, last->kind, last->object);
        free(last->object);
}

void net_effects_undo(NetEffects *effects, Undo *undo, int netns_fd)
{
        _cleanup_(netlink_free_p) Netlink *host = NULL;
        _cleanup_(error_done) Error error = ERROR_NULL;

        if (effects->n == 0)
                return;
        if (netlink_open(-EBADF, &host, &error) < 0) {
                log_error_event(LOG_ERR, NULL, &error, NULL);
                return;
        }
        while (effects->n > 0) {
                const UndoEntry *last = &effects->items[effects->n - 1];

                /* A script is run before, by who can wait for it. */
                if (last->kind != UNDO_NET_SCRIPT &&
                    net_undo(host, netns_fd, last->kind, last->object, &error) < 0)
                        log_error_event(LOG_WARNING, NULL, &error, NULL);
                error_done(&error);
                net_effect_drop(effects, undo);
        }
}

void net_effects_done(NetEffects *effects)
{
        for (size_t i = 0; i < effects->n; i++)
                free(effects->items[i].object);
        free(effects->items);
        *effects = (NetEffects){ 0 };
}

void hardware_address_print(const unsigned char *bytes, size_t n, char ret[HARDWARE_TEXT_MAX])
{
        (void) strcpy(ret, "-");
        for (size_t i = 0; i < n; i++)
                (void) snprintf(ret + 3 * i, 4, i + 1 < n ? "%02x:" : "%02x", bytes[i]);
}

bool link_is_ours(const LinkInfo *link, const char *address)
{
        char text[HARDWARE_TEXT_MAX];

        hardware_address_print(link->address, link->n_address, text);
        return strcmp(text, address) == 0;
}

/* --- kinds ------------------------------------------------------------------------------------ */

static int undo_link(Netlink *host, int netns_fd, const char *object, Error *reterr)
{
        char name[IFNAMSIZ], address[HARDWARE_TEXT_MAX];
        LinkInfo link;
        int r;

        if (sscanf(object, "%15s %95s", name, address) != 2)
                return error_errno(reterr, EBADMSG, "'%s' names no interface", object);
        r = link_get(host, name, &link, NULL);
        if (r == -ENODEV || (r == 0 && !link_is_ours(&link, address)))
                return 0;
        r = link_delete(host, link.index, name, reterr);
        return r == -ENODEV ? 0 : r;
}

/* "LINK ADDRESS/PREFIX"; *ret_link is 0 when the link is gone. */
static int
take_address(Netlink *host, const char *object, int *ret_link, Address *ret_address, Error *reterr)
{
        const char *text = strchr(object, ' ');
        char name[IFNAMSIZ];
        LinkInfo link;
        int r;

        if (!text || sscanf(object, "%15s", name) != 1 ||
            address_parse(strchr(text, ':') ? AF_INET6 : AF_INET, text + 1, ret_address) < 0)
                return error_errno(reterr, EBADMSG, "'%s' is no address of an interface", object);
        r = link_get(host, name, &link, reterr);
        *ret_link = r == 0 ? link.index : 0;
        return r == -ENODEV ? 0 : r;
}

static int undo_proxy(Netlink *host, int netns_fd, const char *object, Error *reterr)
{
        Address address;
        int link, r;

        r = take_address(host, object, &link, &address, reterr);
        if (r < 0 || link == 0)
                return r;
        r = neighbour_proxy_remove(host, link, &address, reterr);
        return r == -ENOENT ? 0 : r;
}

static int undo_route(Netlink *host, int netns_fd, const char *object, Error *reterr)
{
        Address address;
        Route route = { .to = &address };
        int r;

        r = take_address(host, object, &route.link, &address, reterr);
        if (r < 0 || route.link == 0)
                return r;
        r = route_remove(host, &route, reterr);
        return r == -ESRCH ? 0 : r;
}

int net_undo(Netlink *host, int netns_fd, UndoKind kind, const char *object, Error *reterr)
{
        static int (*const functions[_UNDO_KIND_MAX])(Netlink * host, int netns_fd,
                                                      const char *object, Error *reterr) = {
                [UNDO_LINK] = undo_link,       [UNDO_NETNS] = net_phys_release,
                [UNDO_PHYS] = net_phys_return, [UNDO_PROXY] = undo_proxy,
                [UNDO_ROUTE] = undo_route,
        };
        _cleanup_(error_done) Error error = ERROR_NULL;
        int r = functions[kind](host, netns_fd, object, &error);

        /* What was not there has filled it in as well. */
        if (r < 0)
                error_move(reterr, &error);
        return r;
}
