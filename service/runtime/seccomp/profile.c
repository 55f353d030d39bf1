/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/seccomp/profile.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/parse.h"
#include "base/strv.h"
#include "interfaces/errors.h"

#define BLANKS " \t\r"

typedef struct Parser {
        const char *file;
        unsigned line;
        unsigned version;
        bool foreign;             /* in a section of an architecture that has no name here */
        const char *architecture; /* of the section */
        SeccompAction action;     /* of a rule that names none */
        SeccompProfile *profile;
        Error *reterr;
} Parser;

static const char *const architectures[] = {
        "arm",     "arm64",    "loongarch64", "mips", "mips64", "mips64n32",
        "mipsel",  "mipsel64", "mipsel64n32", "ppc",  "ppc64",  "ppc64le",
        "riscv64", "s390",     "s390x",       "x32",  "x86",    "x86_64",
};

static const struct {
        const char *name, *sign;
        SeccompCompare compare;
} comparisons[] = {
        { "SCMP_CMP_NE", "!=", COMPARE_NE },
        { "SCMP_CMP_LT", "<", COMPARE_LT },
        { "SCMP_CMP_LE", "<=", COMPARE_LE },
        { "SCMP_CMP_EQ", "==", COMPARE_EQ },
        { "SCMP_CMP_GE", ">=", COMPARE_GE },
        { "SCMP_CMP_GT", ">", COMPARE_GT },
        { "SCMP_CMP_MASKED_EQ", "&=", COMPARE_MASKED_EQ },
};

static int fail(Parser *parser, ErrorCode code, const char *format, ...) _printf_(3, 4);

static int fail(Parser *parser, ErrorCode code, const char *format, ...)
{
        _cleanup_(free_p) char *text = NULL;
        va_list ap;
        int r;

        va_start(ap, format);
        text = string_vformat(format, ap);
        va_end(ap);
        if (!text)
                return error_oom(parser->reterr);
        r = error_public(parser->reterr, code, "%s:%u: %s", parser->file, parser->line, text);
        return error_at(parser->reterr, r, NULL, parser->file);
}

/* Cuts the next word off *p. Return: the word, or NULL at the end. */
static char *next_word(char **p)
{
        char *word = *p + strspn(*p, BLANKS);
        size_t n = strcspn(word, BLANKS);

        if (n == 0)
                return NULL;
        *p = word + n;
        if (**p)
                *(*p)++ = '\0';
        return word;
}

static int parse_action(Parser *parser, const char *word, char **rest, SeccompAction *ret)
{
        static const struct {
                const char *name;
                SeccompVerdict verdict;
        } verdicts[] = {
                { "allow", VERDICT_ALLOW },
                { "kill", VERDICT_KILL },
                { "notify", VERDICT_NOTIFY },
                { "trap", VERDICT_TRAP },
        };
        const char *number;
        uint32_t errnum;

        for (size_t i = 0; i < ELEMENTS(verdicts); i++)
                if (streq(word, verdicts[i].name)) {
                        *ret = (SeccompAction){ verdicts[i].verdict, 0 };
                        return 0;
                }
        if (!streq(word, "errno"))
                return fail(
                        parser, ERROR_INVALID_CONFIG,
                        "'%s' is not an action: expected allow, kill, notify, trap or errno NUMBER",
                        word);
        number = next_word(rest);
        if (!number || parse_u32(number, &errnum) < 0 || errnum > 4095)
                return fail(parser, ERROR_INVALID_CONFIG, "'errno' needs a number up to 4095");
        *ret = (SeccompAction){ VERDICT_ERRNO, (uint16_t) errnum };
        return 0;
}

static int parse_value(const char *text, uint64_t *ret)
{
        char *end;

        if (!text || !isdigit((unsigned char) text[0]))
                return -EINVAL;
        errno = 0;
        *ret = strtoull(text, &end, 0);
        return errno != 0 || *end ? -EINVAL : 0;
}

static int parse_comparison(const char *text, SeccompCompare *ret)
{
        for (size_t i = 0; i < ELEMENTS(comparisons); i++)
                if (streq(text, comparisons[i].name) || streq(text, comparisons[i].sign)) {
                        *ret = comparisons[i].compare;
                        return 0;
                }
        return -EINVAL;
}

/* "[INDEX,VALUE,OP]" or "[INDEX,VALUE,OP,MASK]". */
static int parse_argument(const char *text, SeccompArgument *ret)
{
        _cleanup_(strv_free_p) char **parts = NULL;
        size_t n = strlen(text), n_parts;
        uint64_t index;

        if (text[0] != '[' || text[n - 1] != ']')
                return -EINVAL;
        if (strv_split(&parts, text, "[],") < 0)
                return -ENOMEM;
        n_parts = strv_length(parts);
        if (n_parts < 3 || parse_value(parts[0], &index) < 0 || index >= SECCOMP_ARGUMENTS_MAX ||
            parse_value(parts[1], &ret->value) < 0 || parse_comparison(parts[2], &ret->compare) < 0)
                return -EINVAL;
        ret->index = (unsigned) index;
        if (n_parts != (ret->compare == COMPARE_MASKED_EQ ? 4 : 3))
                return -EINVAL;
        return n_parts == 4 ? parse_value(parts[3], &ret->mask) : 0;
}

static int parse_arguments(Parser *parser, char *rest, SeccompRule *rule)
{
        char *word;

        while ((word = next_word(&rest))) {
                if (rule->n_arguments == SECCOMP_ARGUMENTS_MAX)
                        return fail(parser, ERROR_INVALID_CONFIG, "too many conditions");
                if (parse_argument(word, &rule->arguments[rule->n_arguments++]) < 0)
                        return fail(parser, ERROR_INVALID_CONFIG,
                                    "'%s' is not a condition: expected [INDEX,VALUE,OPERATOR], or "
                                    "[INDEX,VALUE,SCMP_CMP_MASKED_EQ,MASK]",
                                    word);
        }
        return 0;
}

static int add_rule(Parser *parser, const SeccompRule *rule)
{
        SeccompProfile *profile = parser->profile;
        SeccompRule *grown;

        if (profile->n_rules == SECCOMP_RULES_MAX)
                return fail(parser, ERROR_INVALID_CONFIG, "more than %d rules", SECCOMP_RULES_MAX);
        grown = realloc(profile->rules, (profile->n_rules + 1) * sizeof(SeccompRule));
        if (!grown)
                return error_oom(parser->reterr);
        profile->rules = grown;
        profile->rules[profile->n_rules++] = *rule;
        return 0;
}

/* umount2(2) with MNT_FORCE on a network file system of the host would fail everybody's files. */
static void make_reject_force_umount(SeccompRule *rule)
{
        rule->action = (SeccompAction){ VERDICT_ERRNO, EACCES };
        rule->n_arguments = 1;
        rule->arguments[0] = (SeccompArgument){
                .index = 1,
                .compare = COMPARE_MASKED_EQ,
                .value = MNT_FORCE,
                .mask = MNT_FORCE,
        };
}

static int parse_rule(Parser *parser, char *text)
{
        SeccompRule rule = {
                .line = parser->line,
                .architecture = parser->architecture,
                .action = parser->action,
        };
        const char *name = next_word(&text);
        char *word;
        int r = 0;

        text += strspn(text, BLANKS);
        if (streq(name, "reject_force_umount")) {
                name = "umount2";
                make_reject_force_umount(&rule);
        } else if (*text && *text != '[') {
                word = next_word(&text);
                r = parse_action(parser, word, &text, &rule.action);
        }
        if (r == 0)
                r = parse_arguments(parser, text, &rule);
        if (r < 0 || parser->foreign)
                return r;
        rule.name = strdup(name);
        r = rule.name ? add_rule(parser, &rule) : error_oom(parser->reterr);
        if (r < 0)
                free(rule.name);
        return r;
}

static int parse_number(Parser *parser, const char *text)
{
        SeccompRule rule = { .line = parser->line, .action = { VERDICT_ALLOW, 0 } };

        if (parse_i32(text, &rule.number) < 0 || rule.number < 0)
                return fail(parser, ERROR_INVALID_CONFIG,
                            "'%s' is not the number of a system call, as version 1 wants", text);
        return add_rule(parser, &rule);
}

/* "[x86_64]", "[all]". */
static int parse_section(Parser *parser, char *text)
{
        size_t n = strlen(text);

        if (text[n - 1] != ']')
                return fail(parser, ERROR_INVALID_CONFIG, "'%s' lacks its ']'", text);
        text[n - 1] = '\0';
        text = string_strip(text + 1);
        parser->architecture = NULL;
        parser->foreign = !streq(text, "all");
        for (size_t i = 0; i < ELEMENTS(architectures); i++)
                if (streq(text, architectures[i])) {
                        parser->architecture = architectures[i];
                        parser->foreign = false;
                }
        return 0;
}

static int parse_version(Parser *parser, const char *text)
{
        if (!streq(text, "1") && !streq(text, "2"))
                return fail(parser, ERROR_INVALID_CONFIG,
                            "the first line is '%s', expected version '1' or '2'", text);
        parser->version = text[0] == '1' ? 1 : 2;
        return 0;
}

static int parse_kind(Parser *parser, char *text)
{
        const char *kind = next_word(&text);
        char *word = next_word(&text);
        bool deny = streq(kind, "denylist") || streq(kind, "blacklist");

        if (!deny && !streq(kind, "allowlist") && !streq(kind, "whitelist"))
                return fail(parser, ERROR_INVALID_CONFIG,
                            "the second line is '%s', expected 'allowlist' or 'denylist'", kind);
        if (deny && parser->version == 1)
                return fail(parser, ERROR_INVALID_CONFIG, "version 1 knows only 'allowlist'");
        parser->action.verdict = deny ? VERDICT_KILL : VERDICT_ALLOW;
        parser->profile->otherwise.verdict = deny ? VERDICT_ALLOW : VERDICT_KILL;
        return word ? parse_action(parser, word, &text, &parser->profile->otherwise) : 0;
}

static int parse_line(Parser *parser, char *text)
{
        if (parser->line == 1)
                return parse_version(parser, text);
        if (parser->line == 2)
                return *text ? parse_kind(parser, text)
                             : fail(parser, ERROR_INVALID_CONFIG,
                                    "expected 'allowlist' or 'denylist'");
        if (!*text)
                return 0;
        if (parser->version == 1)
                return parse_number(parser, text);
        return text[0] == '[' ? parse_section(parser, text) : parse_rule(parser, text);
}

int seccomp_profile_parse(const char *text, const char *file, SeccompProfile **ret, Error *reterr)
{
        _cleanup_(seccomp_profile_free_p) SeccompProfile *profile = calloc(1, sizeof(*profile));
        Parser parser = { .file = file, .profile = profile, .reterr = reterr };

        if (!profile)
                return error_oom(reterr);
        while (*text || parser.line < 2) {
                size_t n = strcspn(text, "\n");
                _cleanup_(free_p) char *line = strndup(text, strcspn(text, "#\n"));
                int r;

                if (!line)
                        return error_oom(reterr);
                parser.line++;
                r = parse_line(&parser, string_strip(line));
                if (r < 0)
                        return r;
                text += n + (text[n] == '\n');
        }
        *ret = TAKE_PTR(profile);
        return 0;
}

SeccompProfile *seccomp_profile_free(SeccompProfile *profile)
{
        if (!profile)
                return NULL;
        for (size_t i = 0; i < profile->n_rules; i++)
                free(profile->rules[i].name);
        free(profile->rules);
        free(profile);
        return NULL;
}
