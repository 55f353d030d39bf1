/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/netlink.h"

#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include "base/strv.h"
#include "kernel/mnl.h"

#define REQUEST_SIZE 4096U
/* The kernel fills dumps up to what it was last asked to receive, 32 KiB at most. */
#define ANSWER_SIZE 32768U
#define TEXT_SIZE 256U

struct Netlink {
        Mnl mnl;
        struct mnl_socket *socket;
        unsigned sequence;
        bool too_long; /* the request */
        NetlinkHandler handler;
        void *userdata;
        char text[TEXT_SIZE]; /* of the kernel, about an error */
        union {
                struct nlmsghdr message;
                char bytes[REQUEST_SIZE];
        } request;
        _Alignas(struct nlmsghdr) char answer[ANSWER_SIZE];
};

/* Answers are shorter with the first; the second brings the kernel's sentences; the third makes it
 * refuse what it would else ignore. A kernel without one of them serves us as well. */
static void set_options(Netlink *netlink)
{
        static const int options[] = { NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK };

        for (size_t i = 0; i < ELEMENTS(options); i++) {
                int one = 1;

                (void) netlink->mnl.socket_setsockopt(netlink->socket, options[i], &one,
                                                      sizeof(one));
        }
}

static int open_socket(Netlink *netlink)
{
        netlink->socket = netlink->mnl.socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
        if (!netlink->socket ||
            netlink->mnl.socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0)
                return -errno;
        set_options(netlink);
        return 0;
}

/* A socket belongs to the namespace it was made in. */
static int open_socket_in(Netlink *netlink, int netns_fd)
{
        _cleanup_(fd_close_p) int own_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        int r;

        if (own_fd < 0 || setns(netns_fd, CLONE_NEWNET) < 0)
                return -errno;
        r = open_socket(netlink);
        /* In a foreign namespace nothing of ours may go on. */
        if (setns(own_fd, CLONE_NEWNET) < 0)
                abort();
        return r;
}

int netlink_open(int netns_fd, Netlink **ret, Error *reterr)
{
        _cleanup_(netlink_free_p) Netlink *netlink = calloc(1, sizeof(Netlink));
        int r;

        if (!netlink)
                return error_oom(reterr);
        r = mnl_load(&netlink->mnl, reterr);
        if (r < 0)
                return r;
        r = netns_fd < 0 ? open_socket(netlink) : open_socket_in(netlink, netns_fd);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot open a netlink socket");
        *ret = TAKE_PTR(netlink);
        return 0;
}

Netlink *netlink_free(Netlink *netlink)
{
        if (!netlink)
                return NULL;
        if (netlink->socket)
                (void) netlink->mnl.socket_close(netlink->socket);
        mnl_unload(&netlink->mnl);
        free(netlink);
        return NULL;
}

void netlink_begin(Netlink *netlink, uint16_t type, uint16_t flags, const void *header, size_t size)
{
        struct nlmsghdr *message = netlink->mnl.nlmsg_put_header(netlink->request.bytes);

        message->nlmsg_type = type;
        message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        message->nlmsg_seq = ++netlink->sequence;
        memcpy(netlink->mnl.nlmsg_put_extra_header(message, size), header, size);
        netlink->too_long = false;
}

void netlink_put(Netlink *netlink, uint16_t type, const void *data, size_t size)
{
        if (size > REQUEST_SIZE ||
            !netlink->mnl.attr_put_check(&netlink->request.message, REQUEST_SIZE, type, size, data))
                netlink->too_long = true;
}

void netlink_put_u8(Netlink *netlink, uint16_t type, uint8_t value)
{
        netlink_put(netlink, type, &value, sizeof(value));
}

void netlink_put_u16(Netlink *netlink, uint16_t type, uint16_t value)
{
        netlink_put(netlink, type, &value, sizeof(value));
}

void netlink_put_u32(Netlink *netlink, uint16_t type, uint32_t value)
{
        netlink_put(netlink, type, &value, sizeof(value));
}

void netlink_put_string(Netlink *netlink, uint16_t type, const char *value)
{
        netlink_put(netlink, type, value, strlen(value) + 1);
}

struct nlattr *netlink_nest(Netlink *netlink, uint16_t type, const void *header, size_t header_size)
{
        struct nlmsghdr *message = &netlink->request.message;
        struct nlattr *nest = netlink->mnl.attr_nest_start_check(message, REQUEST_SIZE, type);

        if (!nest || message->nlmsg_len + header_size > REQUEST_SIZE) {
                netlink->too_long = true;
                return nest;
        }
        if (header_size > 0)
                memcpy(netlink->mnl.nlmsg_put_extra_header(message, header_size), header,
                       header_size);
        return nest;
}

void netlink_nest_end(Netlink *netlink, struct nlattr *nest)
{
        if (nest)
                netlink->mnl.attr_nest_end(&netlink->request.message, nest);
}

typedef struct AttributeTable {
        const struct nlattr **attributes;
        uint16_t max;
} AttributeTable;

static int take_attribute(const struct nlattr *attribute, void *userdata)
{
        const AttributeTable *table = userdata;
        uint16_t type = attribute->nla_type & NLA_TYPE_MASK;

        if (type <= table->max)
                table->attributes[type] = attribute;
        return MNL_CB_OK;
}

void netlink_parse(Netlink *netlink,
                   const struct nlmsghdr *message,
                   size_t header_size,
                   const struct nlattr **attributes,
                   uint16_t max)
{
        AttributeTable table = { attributes, max };

        memset(attributes, 0, (max + 1U) * sizeof(*attributes));
        if (message->nlmsg_len >= NLMSG_LENGTH(header_size))
                (void) netlink->mnl.attr_parse(message, (unsigned) header_size, take_attribute,
                                               &table);
}

void netlink_parse_nested(Netlink *netlink,
                          const struct nlattr *nest,
                          const struct nlattr **attributes,
                          uint16_t max)
{
        AttributeTable table = { attributes, max };

        memset(attributes, 0, (max + 1U) * sizeof(*attributes));
        if (nest)
                (void) netlink->mnl.attr_parse_nested(nest, take_attribute, &table);
}

size_t netlink_get(const struct nlattr *attribute, void *ret, size_t size)
{
        size_t n = attribute ? attribute->nla_len - (size_t) NLA_HDRLEN : 0;

        n = n < size ? n : size;
        if (n > 0)
                memcpy(ret, (const char *) attribute + NLA_HDRLEN, n);
        return n;
}

uint32_t netlink_get_u32(const struct nlattr *attribute)
{
        uint32_t value = 0;

        return netlink_get(attribute, &value, sizeof(value)) == sizeof(value) ? value : 0;
}

void netlink_get_string(const struct nlattr *attribute, char *ret, size_t size)
{
        ret[netlink_get(attribute, ret, size - 1)] = '\0';
}

/* An acknowledgement (0), or an error with what the kernel says about it behind the head of our
 * request (NETLINK_CAP_ACK). */
static int take_result(Netlink *netlink, const struct nlmsghdr *message)
{
        const struct nlmsgerr *answer = NLMSG_DATA(message);
        const struct nlattr *attributes[NLMSGERR_ATTR_MAX + 1];

        if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*answer)))
                return -EBADMSG;
        if (answer->error != 0 && message->nlmsg_flags & NLM_F_ACK_TLVS &&
            message->nlmsg_flags & NLM_F_CAPPED) {
                netlink_parse(netlink, message, sizeof(*answer), attributes, NLMSGERR_ATTR_MAX);
                netlink_get_string(attributes[NLMSGERR_ATTR_MSG], netlink->text, TEXT_SIZE);
        }
        return answer->error < 0 ? answer->error : 0;
}

/* Return: whether it is the last message of the answer; *result is kept once it is an error. */
static bool take_message(Netlink *netlink, const struct nlmsghdr *message, int *result)
{
        int r = 0;

        if (message->nlmsg_seq != netlink->sequence)
                return false;
        if (message->nlmsg_flags & NLM_F_DUMP_INTR)
                r = -EINTR;
        else if (message->nlmsg_type == NLMSG_ERROR)
                r = take_result(netlink, message);
        else if (message->nlmsg_type >= NLMSG_MIN_TYPE && *result == 0 && netlink->handler)
                r = netlink->handler(netlink, message, netlink->userdata);
        *result = *result < 0 ? *result : r;
        /* The acknowledgement of a dump is its end. */
        return message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE;
}

/* To the end also after a failure: nothing may be left for the next call. */
static int receive(Netlink *netlink)
{
        bool end = false;
        int result = 0;

        while (!end) {
                struct nlmsghdr *message = (struct nlmsghdr *) netlink->answer;
                ssize_t n = netlink->mnl.socket_recvfrom(netlink->socket, netlink->answer,
                                                         sizeof(netlink->answer));
                int left = (int) n;

                if (n < 0 && errno != EINTR)
                        return -errno;
                while (!end && netlink->mnl.nlmsg_ok(message, left)) {
                        end = take_message(netlink, message, &result);
                        message = netlink->mnl.nlmsg_next(message, &left);
                }
        }
        return result;
}

static int exchange(Netlink *netlink)
{
        struct nlmsghdr *message = &netlink->request.message;

        netlink->text[0] = '\0';
        if (netlink->too_long)
                return -EMSGSIZE;
        if (netlink->mnl.socket_sendto(netlink->socket, message, message->nlmsg_len) < 0)
                return -errno;
        return receive(netlink);
}

int netlink_call(Netlink *netlink,
                 NetlinkHandler handler,
                 void *userdata,
                 Error *reterr,
                 const char *format,
                 ...)
{
        _cleanup_(free_p) char *text = NULL;
        va_list ap;
        int r;

        netlink->handler = handler;
        netlink->userdata = userdata;
        r = exchange(netlink);
        if (r == 0)
                return 0;
        va_start(ap, format);
        text = string_vformat(format, ap);
        va_end(ap);
        if (!text)
                return error_oom(reterr);
        if (!netlink->text[0])
                return error_errno(reterr, -r, "%s", text);
        return error_code(reterr, 0, -r, "%s: %s (%s)", text, strerror(-r), netlink->text);
}
