/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "interfaces/texts.h"

#include <stddef.h>
#include <string.h>

#include "interfaces/names.h"

/* interfaces/embed.S */
extern const char interface_text_service[], interface_text_manager[], interface_text_container[],
        interface_text_job[];

const InterfaceText interface_texts[] = {
        { INTERFACE_VARLINK_SERVICE, interface_text_service },
        { INTERFACE_MANAGER, interface_text_manager },
        { INTERFACE_CONTAINER, interface_text_container },
        { INTERFACE_JOB, interface_text_job },
        { NULL, NULL },
};

const char *interface_text(const char *name)
{
        for (const InterfaceText *t = interface_texts; t->name; t++)
                if (strcmp(t->name, name) == 0)
                        return t->text;
        return NULL;
}
