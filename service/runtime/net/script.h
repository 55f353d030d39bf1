/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The scripts of a nic, lxc.net.N.script.up and .down: hooks of the section "net" that are told the
 * nic's type, its link and, of a veth, its end on the host; in convention 1 also by LXC_NET_TYPE,
 * LXC_NET_PARENT and LXC_NET_PEER. */

#include "config/hook.h"
#include "runtime/net/nic.h"

typedef struct NetScript {
        bool up;
        unsigned index; /* N */
        char type[16];
        char link[IFNAMSIZ], host_name[IFNAMSIZ]; /* "": none */
        const char *line;                         /* borrowed */
} NetScript;

/* Return: false when the nic has no such script. */
bool net_script_make(const Nic *nic, bool up, NetScript *ret);

/* The object of UNDO_NET_SCRIPT, which only script.down has; net_script_parse() borrows from it. */
#define EFFECT_SCRIPT "%u %s %s %s %s"
int net_script_note(const NicContext *context, const NetScript *script, Error *reterr);
int net_script_parse(const char *object, NetScript *ret, Error *reterr);

/* What the call refers to beside the script and the set. */
typedef struct NetScriptWords {
        char **arguments, **environment;
} NetScriptWords;

/* net_script_call() - the words are the caller's to free, also after a failure. */
int net_script_call(const NetScript *script,
                    const HookSet *set,
                    NetScriptWords *words,
                    HookCall *ret,
                    Error *reterr);
void net_script_words_done(NetScriptWords *words);

/* net_script_failed() - says of which nic. Return: r. */
int net_script_failed(const NetScript *script, int r, Error *reterr);
