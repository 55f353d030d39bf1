/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <assert.h>
#include <ctype.h>

#include "base/strv.h"
#include "bus/marshal.h"

FieldName marshal_name(const char *camel)
{
        FieldName name = { "" };
        size_t n = 0;

        for (; *camel; camel++) {
                assert(n + 2 < sizeof(name.text));
                if (isupper((unsigned char) *camel))
                        name.text[n++] = '_';
                name.text[n++] = (char) tolower((unsigned char) *camel);
        }
        return name;
}

char *marshal_signature(const Field *fields, bool with_options)
{
        char *signature = NULL;
        size_t size;
        FILE *f = open_memstream(&signature, &size);

        if (!f)
                return NULL;
        for (; fields && fields->name; fields++)
                (void) fputs(fields->signature, f);
        if (with_options)
                (void) fputs("a{sv}", f);
        if (fclose(f) == 0)
                return signature;
        free(signature);
        return NULL;
}
