/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/utf8.h"

#include <stddef.h>
#include <stdint.h>

/* RFC 3629: what may follow a leading byte; narrower for the second byte where an overlong form, a
 * surrogate or a code point beyond U+10FFFF would begin. */
static const struct {
        uint8_t first, last; /* leading bytes */
        uint8_t low, high;   /* the second byte */
        uint8_t length;
} sequences[] = {
        { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
        { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
        { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

/* Return: the length of the valid sequence that begins here, 0 when none does. Stops at the NUL. */
static size_t sequence_length(const uint8_t *p)
{
        if (p[0] < 0x80)
                return 1;
        for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
                size_t n = 2;

                if (p[0] < sequences[i].first || p[0] > sequences[i].last)
                        continue;
                if (p[1] < sequences[i].low || p[1] > sequences[i].high)
                        return 0;
                while (n < sequences[i].length && (p[n] & 0xc0) == 0x80)
                        n++;
                return n == sequences[i].length ? n : 0;
        }
        return 0;
}

char *utf8_make_valid(char *text)
{
        uint8_t *p = (uint8_t *) text;

        while (p && *p) {
                size_t n = sequence_length(p);

                if (n == 0) {
                        *p = '?';
                        n = 1;
                }
                p += n;
        }
        return text;
}

bool utf8_is_valid(const char *text)
{
        const uint8_t *p = (const uint8_t *) text;

        while (*p) {
                size_t n = sequence_length(p);

                if (n == 0)
                        return false;
                p += n;
        }
        return true;
}
