/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/address-list.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "interfaces/json.h"
#include "kernel/address.h"
#include "runtime/supervisor.h"

/* By its init, which is not reaped, so its number is nobody else's. Return: fd, -ENONET it is the
 * host's own, -errno. */
static int open_network(const Supervisor *s)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct stat ours, its;
        char path[64];

        (void) snprintf(path, sizeof(path), "/proc/%d/ns/net", s->run.child.pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &its) < 0 || stat("/proc/self/ns/net", &ours) < 0)
                return -errno;
        if (its.st_dev == ours.st_dev && its.st_ino == ours.st_ino)
                return -ENONET;
        return TAKE_FD(fd);
}

static bool is_told(const Address *address)
{
        return address->scope == RT_SCOPE_UNIVERSE || address->scope == RT_SCOPE_SITE;
}

static int add_family(json_t *list, const Address *addresses, size_t n, int family)
{
        char text[INET6_ADDRSTRLEN];

        for (size_t i = 0; i < n; i++) {
                const Address *address = &addresses[i];

                if (address->family != family || !is_told(address) ||
                    json_array_size(list) == ADDRESS_LIST_MAX)
                        continue;
                if (!inet_ntop(family, address->bytes, text, sizeof(text)))
                        return -errno;
                if (json_array_append_new(list, json_pack("{s:o,s:i,s:s}", "interface",
                                                          json_from_text(address->interface),
                                                          "family", family, "address", text)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int list_network(int netns_fd, json_t *list, Error *reterr)
{
        _cleanup_(netlink_free_p) Netlink *netlink = NULL;
        _cleanup_(free_p) Address *addresses = NULL;
        size_t n = 0;
        int r;

        r = netlink_open(netns_fd, &netlink, reterr);
        if (r == 0)
                r = addresses_get(netlink, &addresses, &n, reterr);
        if (r < 0)
                return r;
        if (add_family(list, addresses, n, AF_INET) < 0 ||
            add_family(list, addresses, n, AF_INET6) < 0)
                return error_oom(reterr);
        return 0;
}

int address_list(const Supervisor *s, json_t **ret, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *list = json_array();
        _cleanup_(fd_close_p) int netns_fd = open_network(s);
        int r = 0;

        if (!list)
                return error_oom(reterr);
        if (netns_fd >= 0)
                r = list_network(netns_fd, list, reterr);
        else if (netns_fd != -ENONET)
                r = error_errno(reterr, -netns_fd, "Cannot look into the network of '%s'", s->id);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}
