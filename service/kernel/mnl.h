/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* libmnl, loaded while there is a netlink socket. Nobody but kernel/netlink.c includes this. */

#include <libmnl/libmnl.h>
#include <stdbool.h>

#include "base/error.h"

#define MNL_FUNCTIONS(F)                                                                           \
        F(attr_nest_end)                                                                           \
        F(attr_nest_start_check)                                                                   \
        F(attr_parse)                                                                              \
        F(attr_parse_nested)                                                                       \
        F(attr_put_check)                                                                          \
        F(nlmsg_next)                                                                              \
        F(nlmsg_ok)                                                                                \
        F(nlmsg_put_extra_header)                                                                  \
        F(nlmsg_put_header)                                                                        \
        F(socket_bind)                                                                             \
        F(socket_close)                                                                            \
        F(socket_open2)                                                                            \
        F(socket_recvfrom)                                                                         \
        F(socket_sendto)                                                                           \
        F(socket_setsockopt)

/* mnl_socket_bind() is mnl.socket_bind() and so on. */
typedef struct Mnl {
        void *library;
#define MNL_MEMBER(name) __typeof__(mnl_##name) *name;
        MNL_FUNCTIONS(MNL_MEMBER)
#undef MNL_MEMBER
} Mnl;

/* Return: 0, -ENOPKG. Each load is one unload. */
int mnl_load(Mnl *ret, Error *reterr);
void mnl_unload(Mnl *mnl);
