/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* bus-flood - a bus client without manners.
 *
 *   bus-flood calls N     send N calls of Manager.ListContainers at once, then take the replies;
 *                         prints "N answered, N refused"
 *   bus-flood silent N    the same with the no-reply flag: the bus itself then limits nothing
 *   bus-flood vanish N    send N calls of Container.Start for CONTAINER (third argument) and exit
 *                         without reading */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define NAME "org.nagaya1"
#define MANAGER "org.nagaya1.Manager"
#define CONTAINER "org.nagaya1.Container"

typedef struct Count {
        unsigned long answered;
        unsigned long refused;
} Count;

static void check(int r, const char *what)
{
        if (r >= 0)
                return;
        fprintf(stderr, "bus-flood: Cannot %s: %s\n", what, strerror(-r));
        exit(1);
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        Count *count = userdata;

        if (sd_bus_message_is_method_error(reply, NULL))
                count->refused++;
        else
                count->answered++;
        return 0;
}

static sd_bus_message *new_list_call(sd_bus *bus)
{
        sd_bus_message *call = NULL;

        check(sd_bus_message_new_method_call(bus, &call, NAME, "/org/nagaya1", MANAGER,
                                             "ListContainers"),
              "make a call");
        check(sd_bus_message_append(call, "a{sv}", 0), "make a call");
        return call;
}

static void flood_calls(sd_bus *bus, unsigned long n)
{
        Count count = { 0 };

        for (unsigned long i = 0; i < n; i++) {
                sd_bus_message *call = new_list_call(bus);

                check(sd_bus_call_async(bus, NULL, call, on_reply, &count, 120 * 1000000ULL),
                      "send a call");
                sd_bus_message_unref(call);
        }
        while (count.answered + count.refused < n) {
                int r = sd_bus_process(bus, NULL);

                check(r, "process the bus");
                if (r == 0)
                        check(sd_bus_wait(bus, UINT64_MAX), "wait for the bus");
        }
        printf("%lu answered, %lu refused\n", count.answered, count.refused);
        (void) fflush(stdout);
}

static void flood_silently(sd_bus *bus, unsigned long n)
{
        for (unsigned long i = 0; i < n; i++) {
                sd_bus_message *call = new_list_call(bus);

                check(sd_bus_message_set_expect_reply(call, 0), "make a call");
                check(sd_bus_send(bus, call, NULL), "send a call");
                sd_bus_message_unref(call);
        }
        check(sd_bus_flush(bus), "flush the bus");
}

static void start_and_vanish(sd_bus *bus, unsigned long n, const char *container)
{
        char *path = NULL;

        check(sd_bus_path_encode("/org/nagaya1/container", container, &path), "encode a path");
        for (unsigned long i = 0; i < n; i++) {
                sd_bus_message *call = NULL;

                check(sd_bus_message_new_method_call(bus, &call, NAME, path, CONTAINER, "Start"),
                      "make a call");
                check(sd_bus_message_append(call, "a{sv}", 0), "make a call");
                check(sd_bus_send(bus, call, NULL), "send a call");
                sd_bus_message_unref(call);
        }
        check(sd_bus_flush(bus), "flush the bus");
        free(path);
}

int main(int argc, char **argv)
{
        sd_bus *bus = NULL;
        unsigned long n;

        if (argc < 3) {
                fprintf(stderr, "usage: bus-flood calls|silent N | vanish N CONTAINER\n");
                return 2;
        }
        n = strtoul(argv[2], NULL, 10);
        check(sd_bus_open_system(&bus), "open the bus");
        if (strcmp(argv[1], "calls") == 0)
                flood_calls(bus, n);
        else if (strcmp(argv[1], "silent") == 0)
                flood_silently(bus, n);
        else if (strcmp(argv[1], "vanish") == 0 && argc == 4)
                start_and_vanish(bus, n, argv[3]);
        else
                return 2;
        (void) fflush(stdout);
        /* The bus is not flushed and closed: the connection just ends, as when a client is killed. */
        _exit(0);
}
