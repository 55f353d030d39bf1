/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/net/phys.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/notify.h"
#include "base/strv.h"

/* Its index in the container, so that it is found there under whatever name. Far above what the
 * kernel numbers by itself in a new namespace. */
#define INDEX_FIRST 100000
#define CANDIDATES_MAX 64

/* What the service manager keeps it under. */
#define STORE_NAME "network"

/* --- the namespace ---------------------------------------------------------------------------- */

static int hold(const NicContext *context, Error *reterr)
{
        struct stat st;
        int r;

        for (size_t i = 0; i < context->effects->n; i++)
                if (context->effects->items[i].kind == UNDO_NETNS)
                        return 0;
        if (fstat(context->netns_fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at the network namespace");
        r = net_effect_add(context->effects, context->undo, UNDO_NETNS, reterr, EFFECT_NETNS,
                           (uintmax_t) st.st_ino);
        if (r == 0)
                notify_store_fd(STORE_NAME, context->netns_fd);
        return r;
}

int net_phys_release(Netlink *host, int netns_fd, const char *object, Error *reterr)
{
        notify_drop_fd(STORE_NAME);
        return 0;
}

/* Among the fds of the service manager, which does not give them to a clean-up. */
static int find_held(const char *number)
{
        _cleanup_(closedir_p) DIR *dir = opendir("/proc/1/fd");
        char expected[64], target[64];
        struct dirent *entry;

        (void) snprintf(expected, sizeof(expected), "net:[%s]", number);
        while (dir && (entry = readdir(dir))) {
                ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

                if (n <= 0)
                        continue;
                target[n] = '\0';
                if (streq(target, expected))
                        return openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
        }
        return -EBADF;
}

int net_phys_find_namespace(const UndoLog *log)
{
        for (size_t i = 0; i < log->n_entries; i++)
                if (log->entries[i].kind == UNDO_NETNS)
                        return find_held(log->entries[i].object);
        return -EBADF;
}

/* --- giving ----------------------------------------------------------------------------------- */

static int give(const NicContext *context, Nic *nic, const LinkInfo *device, Error *reterr)
{
        const PlanNet *plan = nic->plan;
        LinkChange change = LINK_CHANGE_NULL;
        char address[HARDWARE_TEXT_MAX], own[HARDWARE_TEXT_MAX];
        int r;

        hardware_address_print(device->address, device->n_address, address);
        hardware_address_print(device->own_address, device->n_own_address, own);
        memcpy(nic->link, device->name, IFNAMSIZ);
        memcpy(nic->name, plan->name[0] ? plan->name : device->name, IFNAMSIZ);
        change.netns_fd = context->netns_fd;
        change.new_index = INDEX_FIRST + (int) plan->index;
        change.name = nic->name;
        change.mtu = plan->mtu;
        if (plan->hardware_address_given) {
                change.address = plan->hardware_address;
                change.n_address = sizeof(plan->hardware_address);
        }
        r = hold(context, reterr);
        if (r < 0)
                return r;
        r = net_effect_add(context->effects, context->undo, UNDO_PHYS, reterr, EFFECT_PHYS,
                           device->name, device->index, change.new_index, device->mtu, address,
                           own);
        if (r < 0)
                return r;
        r = link_change(context->host, device->index, device->name, &change, reterr);
        return r < 0 ? error_prefix(reterr, r, "Cannot give the container its '%s'", device->name)
                     : 0;
}

typedef struct Candidates {
        const char *prefix;
        LinkInfo found[CANDIDATES_MAX];
        size_t n;
} Candidates;

/* A bridge's port is somebody's, and so is a device that a container has: that one is not seen
 * here. */
static int add_candidate(const LinkInfo *link, void *userdata)
{
        Candidates *candidates = userdata;

        if (candidates->n < CANDIDATES_MAX && startswith(link->name, candidates->prefix) &&
            link->master == 0 && !(link->flags & IFF_LOOPBACK))
                candidates->found[candidates->n++] = *link;
        return 0;
}

static int compare_names(const void *a, const void *b)
{
        const LinkInfo *first = a, *second = b;

        return strverscmp(first->name, second->name);
}

static int give_any(const NicContext *context, Nic *nic, Error *reterr)
{
        Candidates candidates = { .prefix = nic->plan->link };
        int r = -ENODEV;

        if (links_each(context->host, add_candidate, &candidates, reterr) < 0)
                return -EINTR;
        qsort(candidates.found, candidates.n, sizeof(LinkInfo), compare_names);
        for (size_t i = 0; i < candidates.n && r < 0; i++) {
                r = give(context, nic, &candidates.found[i], reterr);
                /* Another start was faster: it is gone from here. */
                if (r == -ENODEV)
                        net_effect_drop(context->effects, context->undo);
                else if (r < 0)
                        return r;
        }
        if (r < 0)
                return error_code(reterr, 0, ENODEV,
                                  "No interface of the host whose name begins with '%s' is free",
                                  nic->plan->link);
        return 0;
}

int net_phys_give(const NicContext *context, Nic *nic, Error *reterr)
{
        LinkInfo device;
        int r;

        if (nic->plan->wildcard)
                return give_any(context, nic, reterr);
        r = nic_link(context, nic, &device, reterr);
        return r < 0 ? r : give(context, nic, &device, reterr);
}

/* --- returning -------------------------------------------------------------------------------- */

typedef struct HardwareAddress {
        char text[HARDWARE_TEXT_MAX];
        unsigned char bytes[HARDWARE_ADDRESS_MAX];
        size_t n;
} HardwareAddress;

typedef struct Given {
        char name[IFNAMSIZ];
        int index, index_inside;
        unsigned mtu;
        HardwareAddress address, own;
} Given;

static void parse_hardware_address(HardwareAddress *address)
{
        const char *p = address->text;

        while (address->n < HARDWARE_ADDRESS_MAX &&
               sscanf(p, "%2hhx", &address->bytes[address->n]) == 1) {
                address->n++;
                p = strchr(p, ':');
                if (!p++)
                        return;
        }
}

static int parse_given(const char *object, Given *ret, Error *reterr)
{
        Given given = { 0 };

        if (sscanf(object, "%15s %d %d %u %95s %95s", given.name, &given.index, &given.index_inside,
                   &given.mtu, given.address.text, given.own.text) != 6)
                return error_errno(reterr, EBADMSG, "'%s' names no interface", object);
        parse_hardware_address(&given.address);
        parse_hardware_address(&given.own);
        *ret = given;
        return 0;
}

static LinkChange as_it_was(const Given *given)
{
        LinkChange change = LINK_CHANGE_NULL;

        change.down = true;
        change.mtu = given->mtu;
        change.name = given->name;
        if (given->address.n > 0) {
                change.address = given->address.bytes;
                change.n_address = given->address.n;
        }
        return change;
}

/* Its name and its number may be another's by now: then the kernel finds new ones. */
static int move_back(Netlink *inside, const Given *given, int own_fd, Error *reterr)
{
        LinkChange change = as_it_was(given);
        int r;

        change.netns_fd = own_fd;
        change.new_index = given->index;
        r = link_change(inside, given->index_inside, given->name, &change, reterr);
        if (r != -EEXIST && r != -EBUSY)
                return r;
        change.new_index = 0;
        r = link_change(inside, given->index_inside, given->name, &change, reterr);
        if (r != -EEXIST)
                return r;
        change.name = "dev%d";
        r = link_change(inside, given->index_inside, given->name, &change, reterr);
        if (r == 0)
                log_event(LOG_WARNING, NULL,
                          "The interface '%s' came back under a name of the kernel's: there is "
                          "another '%s' by now",
                          given->name, given->name);
        return r;
}

static int bring_back(int netns_fd, const Given *given, Error *reterr)
{
        _cleanup_(netlink_free_p) Netlink *inside = NULL;
        _cleanup_(fd_close_p) int own_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        int r;

        if (own_fd < 0)
                return error_errno(reterr, errno, "Cannot open our network namespace");
        r = netlink_open(netns_fd, &inside, reterr);
        if (r < 0)
                return r;
        r = move_back(inside, given, own_fd, reterr);
        if (r == -ENODEV)
                log_event(LOG_WARNING, NULL,
                          "The interface '%s' that was given to the container is not there any "
                          "more",
                          given->name);
        return r == -ENODEV ? 0 : r;
}

typedef struct Search {
        const Given *given;
        LinkInfo found;
} Search;

static int is_given(const LinkInfo *link, void *userdata)
{
        Search *search = userdata;
        const HardwareAddress *own = &search->given->own;

        if (link->n_own_address != own->n || memcmp(link->own_address, own->bytes, own->n) != 0)
                return 0;
        search->found = *link;
        return 1;
}

/* From a network namespace that is gone, by what it is as hardware. */
static int find_again(Netlink *host, const Given *given, Error *reterr)
{
        Search search = { .given = given };
        LinkChange change = as_it_was(given);
        int r = given->own.n > 0 ? links_each(host, is_given, &search, reterr) : 0;

        if (r < 0)
                return r;
        if (search.found.index == 0)
                return error_code(reterr, 0, ENODEV,
                                  "The interface '%s' that was given to the container has not come "
                                  "back: one that is no hardware is gone with its network "
                                  "namespace",
                                  given->name);
        return link_change(host, search.found.index, search.found.name, &change, reterr);
}

int net_phys_return(Netlink *host, int netns_fd, const char *object, Error *reterr)
{
        LinkInfo link;
        Given given;
        int r;

        r = parse_given(object, &given, reterr);
        if (r < 0)
                return r;
        /* It was never given away, or is back. */
        if (link_get(host, given.name, &link, NULL) == 0 && link_is_ours(&link, given.address.text))
                return 0;
        return netns_fd >= 0 ? bring_back(netns_fd, &given, reterr)
                             : find_again(host, &given, reterr);
}
