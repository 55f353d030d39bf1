/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/netfilter.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/cleanup.h"

#define ANSWER_USEC 1000000

/* The kernel answers at once; what it would not is no answer. */
static int open_socket(void)
{
        struct timeval limit = { .tv_usec = ANSWER_USEC - 1 };
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

        if (fd >= 0)
                (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        return fd < 0 ? -errno : fd;
}

/* "Which generation are the tables of?" Somebody who knows answers with more than an error. */
int netfilter_has_tables(void)
{
        struct {
                struct nlmsghdr header;
                struct nfgenmsg body;
        } question = {
                .header = {
                        .nlmsg_len = sizeof(question),
                        .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
                        .nlmsg_flags = NLM_F_REQUEST,
                },
                .body = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 },
        };
        _cleanup_(fd_close_p) int fd = open_socket();
        union {
                struct nlmsghdr header;
                char bytes[4096];
        } answer;
        ssize_t n;

        if (fd == -EPROTONOSUPPORT)
                return 0;
        if (fd < 0)
                return fd;
        if (send(fd, &question, sizeof(question), 0) < 0)
                return -errno;
        n = recv(fd, &answer, sizeof(answer), 0);
        if (n < 0)
                return -errno;
        return n >= (ssize_t) sizeof(answer.header) && answer.header.nlmsg_type != NLMSG_ERROR;
}
