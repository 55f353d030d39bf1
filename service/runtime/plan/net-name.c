/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "runtime/plan/net.h"

#define DIGITS "abcdefghijklmnopqrstuvwxyz234567"
#define N_DIGITS 11 /* 55 bits */

/* FNV-1a, and what spreads its bits (MurmurHash3's last step): ids that differ in one letter shall
 * have names that differ in all. */
static uint64_t digest(const char *id, unsigned index, unsigned number)
{
        uint64_t hash = UINT64_C(0xcbf29ce484222325);
        char text[32];

        (void) snprintf(text, sizeof(text), "/%u/%u", index, number);
        for (const char *p = id; *p; p++)
                hash = (hash ^ (unsigned char) *p) * UINT64_C(0x100000001b3);
        for (const char *p = text; *p; p++)
                hash = (hash ^ (unsigned char) *p) * UINT64_C(0x100000001b3);
        hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
        hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
        return hash ^ hash >> 33;
}

void net_host_name(const char *id, unsigned index, unsigned attempt, char ret[IFNAMSIZ])
{
        uint64_t hash = digest(id, index, attempt);
        size_t n = (size_t) snprintf(ret, IFNAMSIZ, "veth");

        for (size_t i = 0; i < N_DIGITS; i++, hash >>= 5)
                ret[n++] = DIGITS[hash & 31];
        ret[n] = '\0';
}

void net_host_address(const char *id, unsigned index, unsigned char ret[6])
{
        uint64_t hash = digest(id, index, UINT32_MAX);

        ret[0] = 0xfe; /* unicast, locally administered */
        for (size_t i = 1; i < 6; i++, hash >>= 8)
                ret[i] = (unsigned char) hash;
}

void net_altname(const char *id, const char *name, char ret[NET_ALTNAME_MAX])
{
        int room = NET_ALTNAME_MAX - 1 - (int) (strlen("nagaya--") + strlen(name));

        (void) snprintf(ret, NET_ALTNAME_MAX, "nagaya-%.*s-%s", room, id, name);
        for (char *p = ret; (p = strchr(p, '/'));)
                *p = '-';
}
