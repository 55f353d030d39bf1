/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Versions of systemd, and what the service says when it meets one of them. */

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "bus-pair.h"
#include "bus/systemd-version.h"
#include "storage/systemd-version.h"

static void test_versions(void)
{
        static const struct {
                const char *version;
                bool vulnerable;
        } rows[] = {
                { "252.39-1~deb12u1", false },
                { "257.9-1", false },
                { "258.4-1", true },
                { "258.5-1", false },
                { "258~rc1", true },
                { "259.1-2.fc44", true },
                { "259.2", false },
                { "260", false },
                { "something else", false },
                { "", false },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++)
                g_assert_cmpint(systemd_version_is_vulnerable(rows[i].version), ==,
                                rows[i].vulnerable);
}

typedef struct Manager {
        const char *version;
        unsigned asked;
} Manager;

static int get_version(sd_bus *bus,
                       const char *path,
                       const char *interface,
                       const char *property,
                       sd_bus_message *reply,
                       void *userdata,
                       sd_bus_error *reterr)
{
        Manager *manager = userdata;

        manager->asked++;
        return sd_bus_message_append(reply, "s", manager->version);
}

static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, 0),
        SD_BUS_VTABLE_END,
};

static int on_round_trip(sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        *(bool *) userdata = true;
        return 0;
}

/* What is logged when the service manager has this version; the caller frees. */
static char *said_of(const char *version)
{
        Manager manager = { .version = version };
        char text[4096] = "";
        bool answered = false;
        BusPair pair;
        int stderr_fd = dup(STDERR_FILENO), memory_fd = memfd_create("log", MFD_CLOEXEC);

        bus_pair_init(&pair);
        must(sd_bus_add_object_vtable(pair.us, NULL, "/org/freedesktop/systemd1",
                                      "org.freedesktop.systemd1.Manager", manager_vtable,
                                      &manager));
        g_assert_cmpint(dup2(memory_fd, STDERR_FILENO), >=, 0);
        systemd_version_ask(pair.client);
        /* What is asked behind it is answered behind it. */
        must(sd_bus_call_method_async(pair.client, NULL, NULL, "/org/freedesktop/systemd1",
                                      "org.freedesktop.DBus.Peer", "Ping", on_round_trip, &answered,
                                      ""));
        run_until(pair.event, answered);
        g_assert_cmpint(dup2(stderr_fd, STDERR_FILENO), >=, 0);
        g_assert_cmpuint(manager.asked, ==, 1);
        g_assert_cmpint(pread(memory_fd, text, sizeof(text) - 1, 0), >=, 0);
        bus_pair_done(&pair);
        (void) close(stderr_fd);
        (void) close(memory_fd);
        return g_strdup(text);
}

static void test_warning(void)
{
        g_autofree char *good = said_of("252.39-1~deb12u1"), *bad = said_of("258.1-1");

        g_assert_cmpstr(good, ==, "");
        g_assert_cmpstr(bad, ==, SYSTEMD_VULNERABLE "\n");
}

int main(int argc, char **argv)
{
        /* To stderr, whoever runs the test. */
        g_unsetenv("JOURNAL_STREAM");
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/systemd-version/two-releases-are-vulnerable", test_versions);
        g_test_add_func("/systemd-version/the-service-warns-of-one-that-is", test_warning);
        return g_test_run();
}
