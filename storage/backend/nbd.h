/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Network block devices that qemu-nbd(8) serves from a disk image. */

#include "base/error.h"

/* nbd_attach() - the whole image, whose format its name tells. Return: 0, -errno. */
int nbd_attach(const char *file, const char *device, Error *reterr);

/* nbd_detach() - Return: 0 (also when nothing is attached), -errno. */
int nbd_detach(const char *device, Error *reterr);
