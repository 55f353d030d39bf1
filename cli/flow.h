/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bytes from one file descriptor to another, within an event loop. What cannot be written now is
 * kept (one buffer), and nothing more is read until it is gone. */

#include <stdbool.h>

#include "base/loop.h"

typedef struct Flow Flow;

typedef enum FlowEnd {
        FLOW_CLOSE, /* the target is closed at the end of the input */
        FLOW_EOT,   /* the target is a terminal: it is sent ^D */
        FLOW_KEEP,  /* nothing */
} FlowEnd;

/* Looks at what was read, and may change it in place. *size is the new size, never more. Return: 0,
 * < 0 ends the loop. */
typedef int (*FlowFilter)(char *data, size_t *size, void *userdata);

typedef struct FlowSetup {
        int from, to; /* copied */
        /* The input's end is told by EIO too, and may be followed by more (a terminal whose other
         * end is closed and opened again). */
        bool from_terminal;
        /* `to` is ours alone, so it was made non-blocking; else it is written to as it is. */
        bool to_is_own;
        FlowEnd end;
        FlowFilter filter; /* may be NULL */
        /* The input ended for good; may be NULL. < 0 ends the loop. */
        int (*ended)(Flow *flow, void *userdata);
        void *userdata;
} FlowSetup;

/* Return: 0, -errno. */
int flow_new(Loop *loop, const FlowSetup *setup, Flow **ret);
Flow *flow_free(Flow *flow);
DEFINE_CLEANUP(Flow *, flow_free)

/* flow_drain() - move what is there at present, waiting only for the target. The input must be
 * non-blocking. */
void flow_drain(Flow *flow);
