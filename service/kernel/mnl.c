/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/mnl.h"

#include <dlfcn.h>
#include <stddef.h>

#define LIBRARY "libmnl.so.0"

static const struct {
        const char *name;
        size_t offset;
} symbols[] = {
#define MNL_SYMBOL(name) { "mnl_" #name, offsetof(Mnl, name) },
        MNL_FUNCTIONS(MNL_SYMBOL)
#undef MNL_SYMBOL
};

int mnl_load(Mnl *ret, Error *reterr)
{
        Mnl mnl = { .library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL) };
        bool complete = mnl.library;

        for (size_t i = 0; i < ELEMENTS(symbols) && complete; i++) {
                void *address = dlsym(mnl.library, symbols[i].name);

                *(void **) ((char *) &mnl + symbols[i].offset) = address;
                complete = address;
        }
        if (complete) {
                *ret = mnl;
                return 0;
        }
        mnl_unload(&mnl);
        return error_code(reterr, 0, ENOPKG,
                          "Cannot load '" LIBRARY "', which networks need: install the package "
                          "'libmnl0'");
}

void mnl_unload(Mnl *mnl)
{
        if (mnl->library)
                (void) dlclose(mnl->library);
        *mnl = (Mnl){ 0 };
}
