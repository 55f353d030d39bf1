/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A pair of interfaces, one of them the container's, the other in a bridge of the host's or a way
 * of its own to the host (router mode). */

#include "runtime/net/nic.h"

int net_veth_make(const NicContext *context, Nic *nic, Error *reterr);
