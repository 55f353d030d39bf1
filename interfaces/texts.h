/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The .varlink files of this folder, as they stand: what GetInterfaceDescription returns. */

typedef struct InterfaceText {
        const char *name;
        const char *text;
} InterfaceText;

/* Ended by a NULL name. */
extern const InterfaceText interface_texts[];

/* Return: the text, or NULL. */
const char *interface_text(const char *name);
