/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts the interface texts into the binary, each ended by a NUL. */

#include "texts-stamp.h"

.section .rodata

.macro text symbol, path
        .global \symbol
        .type \symbol, @object
\symbol:
        .incbin "\path"
        .byte 0
        .size \symbol, . - \symbol
.endm

        text interface_text_service, "interfaces/org.varlink.service.varlink"
        text interface_text_manager, "interfaces/org.nagaya1.Manager.varlink"
        text interface_text_container, "interfaces/org.nagaya1.Container.varlink"
        text interface_text_job, "interfaces/org.nagaya1.Job.varlink"

.section .note.GNU-stack, "", @progbits
