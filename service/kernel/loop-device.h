/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Loop devices (loop(4)). */

#include <errno.h>
#include <stdbool.h>

typedef struct LoopDevice {
        int fd;
        char path[32]; /* "/dev/loopN" */
} LoopDevice;

#define LOOP_DEVICE_NULL ((LoopDevice){ .fd = -EBADF })

/* loop_device_open() - a free device for the open image, from its beginning to its end. It is let go of by
 * the kernel when nobody has it open or mounted any more, however they end. `name` (or NULL) is what
 * losetup(8) shows. Return: 0, -errno. */
int loop_device_open(int image_fd, const char *name, bool read_only, LoopDevice *ret);
