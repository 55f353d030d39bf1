/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/options.h"

#include <assert.h>
#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "base/parse.h"
#include "base/process.h"
#include "base/strv.h"
#include "interfaces/errors.h"

#define HELP_COLUMN 28
#define NAME_LENGTH_MAX 31

struct OptionValue {
        const Option *option;
        const char *text; /* NULL for a flag */
};

static int seconds_parse(const char *text, int64_t *ret_usec)
{
        const char *dot = strchr(text, '.');
        _cleanup_(free_p) char *whole = NULL;
        int64_t seconds, usec = 0, unit = (int64_t) USEC_PER_SEC / 10;

        if (streq(text, "-1")) {
                *ret_usec = -1;
                return 0;
        }
        whole = strndup(text, dot ? (size_t) (dot - text) : strlen(text));
        if (!whole)
                return -ENOMEM;
        if (whole[0] == '-' || parse_i64(whole, &seconds) < 0 ||
            seconds > INT64_MAX / (int64_t) USEC_PER_SEC - 1)
                return -EINVAL;
        if (dot && !dot[1])
                return -EINVAL;
        for (const char *digit = dot ? dot + 1 : ""; *digit; digit++, unit /= 10) {
                if (!isdigit((unsigned char) *digit))
                        return -EINVAL;
                usec += (*digit - '0') * unit;
        }
        *ret_usec = seconds * (int64_t) USEC_PER_SEC + usec;
        return 0;
}

/* Without a letter megabytes, as for LXC's commands. */
static int size_parse(const char *text, uint64_t *ret)
{
        static const char units[] = "BKMGT";
        size_t n = strspn(text, "0123456789");
        _cleanup_(free_p) char *digits = strndup(text, n);
        const char *unit = strchr(units, text[n] ? toupper((unsigned char) text[n]) : 'M');
        uint64_t number;
        unsigned shift;

        if (!digits)
                return -ENOMEM;
        if (!unit || (text[n] && text[n + 1]) || parse_u64(digits, &number) < 0)
                return -EINVAL;
        shift = (unsigned) (unit - units) * 10;
        if (number == 0 || number > (uint64_t) INT64_MAX >> shift)
                return -EINVAL;
        *ret = number << shift;
        return 0;
}

static bool accepts_any(const char *text)
{
        return true;
}

static bool accepts_seconds(const char *text)
{
        int64_t usec;

        return seconds_parse(text, &usec) == 0;
}

static bool accepts_number(const char *text)
{
        uint32_t number;

        return parse_u32(text, &number) == 0;
}

static bool accepts_size(const char *text)
{
        uint64_t size;

        return size_parse(text, &size) == 0;
}

static bool accepts_assignment(const char *text)
{
        const char *equals = strchr(text, '=');

        return equals && equals > text;
}

static const struct {
        bool (*accepts)(const char *text);
        const char *wanted;
} types[_OPTION_TYPE_MAX] = {
        [OPTION_FLAG] = { accepts_any, NULL },
        [OPTION_TEXT] = { accepts_any, NULL },
        [OPTION_SECONDS] = { accepts_seconds, "a number of seconds (-1: for ever)" },
        [OPTION_NUMBER] = { accepts_number, "a number" },
        [OPTION_SIZE] = { accepts_size, "a size (512M, 10G)" },
        [OPTION_LIST] = { accepts_any, NULL },
        [OPTION_ASSIGNMENTS] = { accepts_assignment, "KEY=VALUE" },
};

void arguments_done(Arguments *arguments)
{
        free(arguments->values);
        free(arguments->words);
        *arguments = (Arguments){ 0 };
}

const Option *option_find(const Syntax *syntax, const char *name, size_t size)
{
        for (size_t i = 0; i < ELEMENTS(syntax->tables); i++)
                for (const Option *o = syntax->tables[i]; o && o->name; o++)
                        if (strlen(o->name) == size && strncmp(o->name, name, size) == 0)
                                return o;
        return NULL;
}

const Option *option_find_letter(const Syntax *syntax, char letter)
{
        for (size_t i = 0; i < ELEMENTS(syntax->tables); i++)
                for (const Option *o = syntax->tables[i]; o && o->name; o++)
                        if (o->letter == letter)
                                return o;
        return NULL;
}

static int unknown_option(const Syntax *syntax, const char *name, Error *reterr)
{
        const char *names[128], *nearest;
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTS(syntax->tables); i++)
                for (const Option *o = syntax->tables[i]; o && o->name; o++)
                        if (n < ELEMENTS(names) - 1)
                                names[n++] = o->name;
        names[n] = NULL;
        nearest = nearest_name(names, name);
        if (nearest)
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "Unknown option '--%s', did you mean '--%s'?", name, nearest);
        return error_public(reterr, ERROR_INVALID_ARGS, "Unknown option '--%s'", name);
}

static int value_add(Arguments *arguments, const Option *option, const char *text, Error *reterr)
{
        OptionValue *grown;

        if (option->value && !types[option->type].accepts(text))
                return error_public(reterr, ERROR_INVALID_ARGS, "Option '--%s' needs %s, not '%s'",
                                    option->name, types[option->type].wanted, text);
        grown = realloc(arguments->values, (arguments->n_values + 1) * sizeof(*grown));
        if (!grown)
                return error_oom(reterr);
        arguments->values = grown;
        grown[arguments->n_values++] = (OptionValue){ option, text };
        return 0;
}

static int missing_value(const Option *option, Error *reterr)
{
        return error_public(reterr, ERROR_INVALID_ARGS, "Option '--%s' needs a value (%s)",
                            option->name, option->value);
}

/* "--name", "--name=value", "--name value". Return: arguments used, -errno. */
static int parse_long(const Syntax *syntax, char *const *argv, Arguments *arguments, Error *reterr)
{
        const char *name = argv[0] + 2;
        size_t size = strcspn(name, "=");
        const Option *option = option_find(syntax, name, size);
        int r;

        if (!option) {
                _cleanup_(free_p) char *bare = strndup(name, size);

                return bare ? unknown_option(syntax, bare, reterr) : error_oom(reterr);
        }
        if (!option->value && name[size])
                return error_public(reterr, ERROR_INVALID_ARGS, "Option '--%s' takes no value",
                                    option->name);
        if (!option->value || name[size]) {
                r = value_add(arguments, option, option->value ? name + size + 1 : NULL, reterr);
                return r < 0 ? r : 1;
        }
        if (!argv[1])
                return missing_value(option, reterr);
        r = value_add(arguments, option, argv[1], reterr);
        return r < 0 ? r : 2;
}

/* "-a", "-ab", "-tVALUE", "-t VALUE". Return: arguments used, -errno. */
static int parse_short(const Syntax *syntax, char *const *argv, Arguments *arguments, Error *reterr)
{
        for (const char *p = argv[0] + 1; *p; p++) {
                const Option *option = option_find_letter(syntax, *p);
                int r;

                if (!option)
                        return error_public(reterr, ERROR_INVALID_ARGS, "Unknown option '-%c'", *p);
                if (option->value && !p[1] && !argv[1])
                        return missing_value(option, reterr);
                if (!option->value) {
                        r = value_add(arguments, option, NULL, reterr);
                        if (r < 0)
                                return r;
                        continue;
                }
                r = value_add(arguments, option, p[1] ? p + 1 : argv[1], reterr);
                if (r < 0)
                        return r;
                return p[1] ? 1 : 2;
        }
        return 1;
}

static int check_exclusions(const Arguments *arguments, Error *reterr)
{
        for (size_t i = 0; i < arguments->n_values; i++) {
                const Option *option = arguments->values[i].option;

                if (option->excludes && arguments_flag(arguments, option->excludes))
                        return error_public(reterr, ERROR_INVALID_ARGS,
                                            "Option '--%s' cannot be used with '--%s'",
                                            option->name, option->excludes);
        }
        return 0;
}

int options_parse(const Syntax *syntax, char *const *argv, Arguments *arguments, Error *reterr)
{
        size_t n = strv_length(argv);
        int r;

        free(arguments->words);
        arguments->rest = NULL;
        arguments->n_words = 0;
        arguments->words = calloc(n + 1, sizeof(char *));
        if (!arguments->words)
                return error_oom(reterr);

        while (*argv) {
                if (streq(*argv, "--")) {
                        argv++;
                        break;
                }
                if ((*argv)[0] != '-' || !(*argv)[1]) {
                        if (syntax->rest == REST_COMMAND && arguments->n_words == syntax->words_max)
                                break;
                        arguments->words[arguments->n_words++] = *argv++;
                        continue;
                }
                r = (*argv)[1] == '-' ? parse_long(syntax, argv, arguments, reterr)
                                      : parse_short(syntax, argv, arguments, reterr);
                if (r < 0)
                        return r;
                argv += r;
        }
        if (syntax->rest == REST_NONE)
                while (*argv)
                        arguments->words[arguments->n_words++] = *argv++;
        else if (*argv)
                arguments->rest = argv;
        return check_exclusions(arguments, reterr);
}

static const OptionValue *value_find(const Arguments *arguments, const char *name)
{
        for (size_t i = arguments->n_values; i > 0; i--)
                if (streq(arguments->values[i - 1].option->name, name))
                        return &arguments->values[i - 1];
        return NULL;
}

bool arguments_flag(const Arguments *arguments, const char *name)
{
        return value_find(arguments, name) != NULL;
}

const char *arguments_text(const Arguments *arguments, const char *name)
{
        const OptionValue *value = value_find(arguments, name);

        return value ? value->text : NULL;
}

int64_t arguments_usec(const Arguments *arguments, const char *name, int64_t otherwise)
{
        const OptionValue *value = value_find(arguments, name);
        int64_t usec;

        if (!value)
                return otherwise;
        assert(value->option->type == OPTION_SECONDS);
        return seconds_parse(value->text, &usec) < 0 ? otherwise : usec;
}

uint32_t arguments_number(const Arguments *arguments, const char *name, uint32_t otherwise)
{
        const OptionValue *value = value_find(arguments, name);
        uint32_t number;

        if (!value)
                return otherwise;
        assert(value->option->type == OPTION_NUMBER);
        return parse_u32(value->text, &number) < 0 ? otherwise : number;
}

uint64_t arguments_size(const Arguments *arguments, const char *name, uint64_t otherwise)
{
        const OptionValue *value = value_find(arguments, name);
        uint64_t size;

        if (!value)
                return otherwise;
        assert(value->option->type == OPTION_SIZE);
        return size_parse(value->text, &size) < 0 ? otherwise : size;
}

const char **arguments_list(const Arguments *arguments, const char *name)
{
        const char **list = calloc(arguments->n_values + 1, sizeof(char *));
        size_t n = 0;

        for (size_t i = 0; list && i < arguments->n_values; i++)
                if (streq(arguments->values[i].option->name, name))
                        list[n++] = arguments->values[i].text;
        return list;
}

void options_print_help(FILE *stream, const Option *table)
{
        for (const Option *o = table; o && o->name; o++) {
                char left[64];
                int n;

                n = snprintf(left, sizeof(left), "  %c%c%c --%s%s%s", o->letter ? '-' : ' ',
                             o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name,
                             o->value ? "=" : "", o->value ? o->value : "");
                if (n < HELP_COLUMN)
                        (void) fprintf(stream, "%-*s%s\n", HELP_COLUMN, left, o->help);
                else
                        (void) fprintf(stream, "%s\n%*s%s\n", left, HELP_COLUMN, "", o->help);
        }
}

static size_t least(size_t a, size_t b, size_t c)
{
        size_t m = a < b ? a : b;

        return m < c ? m : c;
}

/* How many letters must be put in, taken out or replaced (Levenshtein), one row at a time. */
static size_t distance(const char *a, const char *b)
{
        size_t row[NAME_LENGTH_MAX + 1], n = strlen(a), m = strlen(b);

        if (n > NAME_LENGTH_MAX || m > NAME_LENGTH_MAX)
                return SIZE_MAX;
        for (size_t j = 0; j <= m; j++)
                row[j] = j;
        for (size_t i = 1; i <= n; i++) {
                size_t diagonal = row[0];

                row[0] = i;
                for (size_t j = 1; j <= m; j++) {
                        size_t above = row[j];

                        row[j] =
                                least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
                        diagonal = above;
                }
        }
        return row[m];
}

const char *nearest_name(const char *const *names, const char *word)
{
        const char *nearest = NULL;
        size_t limit = strlen(word) / 3 + 2;

        if (!*word)
                return NULL;
        for (; *names; names++) {
                size_t d = startswith(*names, word) ? 0 : distance(*names, word);

                if (d < limit) {
                        limit = d;
                        nearest = *names;
                }
                if (d == 0)
                        break;
        }
        return nearest;
}
