/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Two connected sd-bus ends on one event loop, without a bus daemon: `us` is the service's side. */

#include <glib.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

typedef struct BusPair {
        sd_event *event;
        sd_bus *us, *client;
} BusPair;

#define must(expression)                                                                           \
        ({                                                                                         \
                int must_r_ = (expression);                                                        \
                if (must_r_ < 0)                                                                   \
                        g_error("%s: %s", #expression, g_strerror(-must_r_));                      \
                must_r_;                                                                           \
        })

static inline sd_bus *bus_end(sd_event *event, int fd, bool is_server)
{
        sd_id128_t id = SD_ID128_NULL;
        sd_bus *bus;

        must(sd_bus_new(&bus));
        must(sd_bus_set_fd(bus, fd, fd));
        if (is_server) {
                must(sd_id128_randomize(&id));
                must(sd_bus_set_server(bus, true, id));
        }
        must(sd_bus_negotiate_fds(bus, true));
        must(sd_bus_start(bus));
        must(sd_bus_attach_event(bus, event, 0));
        return bus;
}

static inline void bus_pair_init(BusPair *pair)
{
        int fds[2];

        must(sd_event_new(&pair->event));
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==,
                        0);
        pair->us = bus_end(pair->event, fds[0], true);
        pair->client = bus_end(pair->event, fds[1], false);
}

static inline void bus_pair_done(BusPair *pair)
{
        pair->client = sd_bus_close_unref(pair->client);
        pair->us = sd_bus_close_unref(pair->us);
        pair->event = sd_event_unref(pair->event);
}

/* Turns the loop until the condition holds; 10 s without it is a failure. */
#define run_until(event, condition)                                                                \
        do {                                                                                       \
                gint64 deadline_ = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;                   \
                while (!(condition)) {                                                             \
                        if (g_get_monotonic_time() > deadline_)                                    \
                                g_error("%s:%d: never: %s", __FILE__, __LINE__, #condition);       \
                        must(sd_event_run(event, 100000));                                         \
                }                                                                                  \
        } while (0)
