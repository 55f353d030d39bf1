/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The state of a container over one open bus connection: the median of many reads of the property.
 *
 *      bus-state CONTAINER-ID ROUNDS AIM-MSEC */

#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>
#include <time.h>

static double now_msec(void)
{
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double) ts.tv_sec * 1e3 + (double) ts.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
        sd_bus *bus = NULL;
        char *path = NULL;
        double *msec;
        int n;

        if (argc != 4 || (n = atoi(argv[2])) < 1)
                return 2;
        msec = calloc((size_t) n, sizeof(double));
        if (!msec || sd_bus_open_system(&bus) < 0 ||
            sd_bus_path_encode("/org/nagaya1/container", argv[1], &path) < 0)
                return 1;
        for (int i = 0; i < n; i++) {
                sd_bus_error error = SD_BUS_ERROR_NULL;
                double begin = now_msec();
                char *state = NULL;

                if (sd_bus_get_property_string(bus, "org.nagaya1", path, "org.nagaya1.Container",
                                               "State", &error, &state) < 0) {
                        (void) fprintf(stderr, "%s\n", error.message);
                        return 1;
                }
                msec[i] = now_msec() - begin;
                free(state);
        }
        qsort(msec, (size_t) n, sizeof(double), compare);
        (void) printf("state-over-open-bus   aim: median <= %s ms\n  %-28s %9.3f %9.3f %9.3f\n",
                      argv[3], "Properties.Get", msec[n / 2], msec[0], msec[n - 1]);
        sd_bus_flush_close_unref(bus);
        free(path);
        free(msec);
        return 0;
}
