/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Questions and orders to the kernel over rtnetlink(7), one at a time. What they are about is in
 * kernel/link.h, kernel/address.h, kernel/route.h ...; they are written with the second half of this
 * file. A call waits for the kernel, which answers at once. What the kernel has to say about a
 * failure beyond its errno becomes part of the error's sentence. */

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct Netlink Netlink;

/* netlink_open() - a socket in the network namespace `netns_fd` (< 0: in ours); for another one the
 * calling thread enters it for a moment. Return: 0, -ENOPKG (no libmnl), -errno. */
int netlink_open(int netns_fd, Netlink **ret, Error *reterr);
Netlink *netlink_free(Netlink *netlink);
DEFINE_CLEANUP(Netlink *, netlink_free)

/* ---- writing and reading messages ------------------------------------------------------------ */

/* netlink_begin() - a message of `type` (RTM_*), NLM_F_* `flags` besides the obvious ones, with its
 * header (struct ifinfomsg ...). Attributes that do not fit make the call fail with -EMSGSIZE. */
void netlink_begin(
        Netlink *netlink, uint16_t type, uint16_t flags, const void *header, size_t size);
void netlink_put(Netlink *netlink, uint16_t type, const void *data, size_t size);
void netlink_put_u8(Netlink *netlink, uint16_t type, uint8_t value);
void netlink_put_u16(Netlink *netlink, uint16_t type, uint16_t value);
void netlink_put_u32(Netlink *netlink, uint16_t type, uint32_t value);
void netlink_put_string(Netlink *netlink, uint16_t type, const char *value);

/* Return: what ends the nest. `header` is for nests that begin with one (VETH_INFO_PEER); or NULL. */
struct nlattr *
netlink_nest(Netlink *netlink, uint16_t type, const void *header, size_t header_size);
void netlink_nest_end(Netlink *netlink, struct nlattr *nest);

/* One message of an answer; the header has `header_size` bytes. Return: 0 go on, -errno. */
typedef int (*NetlinkHandler)(Netlink *netlink, const struct nlmsghdr *message, void *userdata);

/* netlink_call() - sends the message and waits for its end; `handler` gets what is answered. The
 * format begins the sentence of the error ("Cannot make the link 'x'"). Return: 0, -EINTR (a list
 * that changed while it was told: ask again), -errno. */
int netlink_call(Netlink *netlink,
                 NetlinkHandler handler,
                 void *userdata,
                 Error *reterr,
                 const char *format,
                 ...) _printf_(5, 6);

/* netlink_parse() - attributes by type, up to `max`; the others are passed over. */
void netlink_parse(Netlink *netlink,
                   const struct nlmsghdr *message,
                   size_t header_size,
                   const struct nlattr **attributes,
                   uint16_t max);
void netlink_parse_nested(Netlink *netlink,
                          const struct nlattr *nest,
                          const struct nlattr **attributes,
                          uint16_t max);

/* Of an attribute that may be missing (NULL) or short. The string ends where the attribute does. */
uint32_t netlink_get_u32(const struct nlattr *attribute);
void netlink_get_string(const struct nlattr *attribute, char *ret, size_t size);
/* Return: bytes copied, at most `size`. */
size_t netlink_get(const struct nlattr *attribute, void *ret, size_t size);
