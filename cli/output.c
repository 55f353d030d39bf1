/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/output.h"

#include <stdarg.h>
#include <string.h>

#include "base/strv.h"

static const Style plain = { "", "", "" };
static const Style coloured = { "\033[1m", "\033[2m", "\033[0m" };

const Style *style_for(FILE *stream)
{
        const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

        if ((no_color && *no_color) || !term || streq(term, "dumb") || !isatty(fileno(stream)))
                return &plain;
        return &coloured;
}

char *text_sanitize(char *text)
{
        for (unsigned char *p = (unsigned char *) text; *p; p++) {
                /* Those of C1 are two bytes in UTF-8, c2 80 to c2 9f. */
                if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
                        p[0] = p[1] = '?';
                if ((*p < ' ' && *p != '\t' && *p != '\n') || *p == 0x7f)
                        *p = '?';
        }
        return text;
}

int output_json(const json_t *value, Error *reterr)
{
        size_t flags = isatty(STDOUT_FILENO) ? JSON_INDENT(2) : JSON_COMPACT;

        if (json_dumpf(value, stdout, flags | JSON_ENCODE_ANY) < 0 || putchar('\n') < 0)
                return error_errno(reterr, EIO, "Cannot print the reply");
        return 0;
}

void output_text(const char *text)
{
        size_t n = strlen(text);

        (void) fwrite(text, 1, n, stdout);
        if (n > 0 && text[n - 1] != '\n')
                (void) putchar('\n');
}

int output_finish(Error *reterr)
{
        if (fflush(stdout) < 0)
                return error_errno(reterr, errno, "Cannot write the output");
        if (ferror(stdout))
                return error_errno(reterr, EIO, "Cannot write the output");
        return 0;
}

static void complain(const char *subject, const char *stage, const char *sentence)
{
        _cleanup_(free_p) char *line = NULL;

        line = string_format("nagaya: %s%s%s%s%s%s\n", subject ? subject : "", subject ? ": " : "",
                             stage ? "Stage '" : "", stage ? stage : "", stage ? "': " : "",
                             sentence);
        if (line)
                (void) fputs(text_sanitize(line), stderr);
}

static bool quotes(const char *sentence, const char *word)
{
        size_t n = strlen(word);

        for (const char *p = sentence; (p = strstr(p, word)); p += n)
                if (p > sentence && p[-1] == '\'' && p[n] == '\'')
                        return true;
        return false;
}

void output_error(const Error *error, const char *subject)
{
        const char *sentence = error_message(error), *stage = error->stage;

        complain(subject && !quotes(sentence, subject) ? subject : NULL,
                 stage && *stage && !quotes(sentence, stage) ? stage : NULL, sentence);
}

void output_note(const char *format, ...)
{
        _cleanup_(free_p) char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = string_vformat(format, ap);
        va_end(ap);
        if (!text)
                return;
        complain(NULL, NULL, text);
}
