/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <math.h>
#include <glib.h>

#include "bus-pair.h"
#include "bus/marshal.h"
#include "interfaces/errors.h"

#define FIELD(name, signature)                                                                     \
        {                                                                                          \
                name, signature, ACTION_NONE                                                       \
        }

static const Field no_fields[] = { { NULL } };
static const Field in_options[] = { FIELD("options", "a{sv}"), { NULL } };

typedef struct Fixture {
        BusPair pair;
        sd_bus_message *message;
        json_t *into;
        FdArray fds;
        size_t size;
        Error error;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
        bus_pair_init(&f->pair);
        must(sd_bus_message_new_method_call(f->pair.client, &f->message, "a.b", "/a", "a.b", "M"));
        f->into = json_object();
        f->fds.n = 0;
        f->error = ERROR_NULL;
}

static void tear_down(Fixture *f, gconstpointer data)
{
        sd_bus_message_unref(f->message);
        json_decref(f->into);
        fd_array_done(&f->fds);
        error_done(&f->error);
        bus_pair_done(&f->pair);
}

/* Reads what was appended to the fixture's message. */
static int read_back(Fixture *f, const Field *in, const Field *options)
{
        const Verb verb = { .member = "M", .in = in, .options = options };

        must(sd_bus_message_seal(f->message, 1, 0));
        must(sd_bus_message_rewind(f->message, true));
        return marshal_read(f->message, &verb, f->into, &f->fds, &f->size, &f->error);
}

static json_t *parse(const char *text)
{
        json_error_t error;
        json_t *json = json_loads(text, 0, &error);

        if (!json)
                g_error("%s: %s", text, error.text);
        return json;
}

static void assert_equal(const json_t *a, const json_t *b)
{
        g_autofree char *x = json_dumps(a, JSON_SORT_KEYS | JSON_ENCODE_ANY);
        g_autofree char *y = json_dumps(b, JSON_SORT_KEYS | JSON_ENCODE_ANY);

        g_assert_cmpstr(x, ==, y);
}

static const struct {
        const char *signature;
        const char *value;
} samples[] = {
        { "s", "\"\"" },
        { "s", "\"l\\u00e4nger\"" },
        { "b", "true" },
        { "b", "false" },
        { "i", "-2147483648" },
        { "u", "4294967295" },
        { "x", "-9223372036854775808" },
        { "t", "9223372036854775807" },
        { "d", "0.25" },
        { "o", "\"ct-01.x\"" },
        { "o", "42" },
        { "as", "[]" },
        { "as", "[\"a\",\"\",\"c\"]" },
        { "a(ss)", "[{\"key\":\"lxc.arch\",\"value\":\"x\"}]" },
        { "a(ss)", "[]" },
        { "a{ss}", "{\"fstype\":\"ext4\",\"size\":\"1G\"}" },
};

static void test_round_trip(Fixture *f, gconstpointer data)
{
        for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
                const Field fields[] = { FIELD("someValue", samples[i].signature), { NULL } };
                g_autofree char *text = g_strdup_printf("{\"someValue\":%s}", samples[i].value);
                json_t *value = parse(text);

                must(marshal_append(f->message, fields, NULL, value, &f->fds, &f->error));
                must(read_back(f, fields, NULL));
                assert_equal(f->into, value);
                json_decref(value);
                tear_down(f, NULL);
                set_up(f, NULL);
        }
}

/* Text here, bytes there. */
static void test_addresses(Fixture *f, gconstpointer data)
{
        static const unsigned char v4[] = { 10, 0, 3, 1 };
        static const unsigned char v6[16] = { 0xfd, [15] = 1 };
        const Field fields[] = { FIELD("a", "ay"), FIELD("b", "ay"), { NULL } };
        json_t *good = parse("{\"a\":\"10.0.3.1\",\"b\":\"fd00::1\"}");
        json_t *bad = parse("{\"a\":\"10.0.3.1\",\"b\":\"10.0.3\"}");
        const void *bytes;
        size_t n;

        must(marshal_append(f->message, fields, NULL, good, &f->fds, &f->error));
        must(sd_bus_message_seal(f->message, 1, 0));
        must(sd_bus_message_read_array(f->message, 'y', &bytes, &n));
        g_assert_cmpuint(n, ==, sizeof(v4));
        g_assert_true(memcmp(bytes, v4, n) == 0);
        must(sd_bus_message_read_array(f->message, 'y', &bytes, &n));
        g_assert_cmpuint(n, ==, sizeof(v6));
        g_assert_true(memcmp(bytes, v6, n) == 0);
        tear_down(f, NULL);
        set_up(f, NULL);
        g_assert_cmpint(marshal_append(f->message, fields, NULL, bad, &f->fds, &f->error), <, 0);
        json_decref(good);
        json_decref(bad);
}

static void test_options_round_trip(Fixture *f, gconstpointer data)
{
        const Field rows[] = { FIELD("timeoutUsec", "x"), FIELD("noWait", "b"),
                               FIELD("config", "a(ss)"),  FIELD("absent", "s"),
                               FIELD("isNull", "s"),      { NULL } };
        json_t *options = parse("{\"timeoutUsec\":-1,\"noWait\":true,\"config\":[{\"key\":\"a\","
                                "\"value\":\"b\"}]}");
        json_t *result = json_pack("{s:O}", "options", options);

        (void) json_object_set_new(json_object_get(result, "options"), "isNull", json_null());
        must(marshal_append(f->message, in_options, rows, result, &f->fds, &f->error));
        must(read_back(f, no_fields, rows));
        (void) json_object_del(options, "isNull");
        assert_equal(f->into, options);
        json_decref(result);
        json_decref(options);
}

static void test_names(void)
{
        g_assert_cmpstr(marshal_name("timeoutUsec").text, ==, "timeout_usec");
        g_assert_cmpstr(marshal_name("name").text, ==, "name");
        g_assert_cmpstr(marshal_name("initPid").text, ==, "init_pid");
}

static void test_signature(void)
{
        const Field fields[] = { FIELD("a", "as"), FIELD("b", "h"), { NULL } };
        g_autofree char *with = marshal_signature(fields, true);
        g_autofree char *without = marshal_signature(NULL, false);

        g_assert_cmpstr(with, ==, "asha{sv}");
        g_assert_cmpstr(without, ==, "");
}

static const Field stop_options[] = { FIELD("timeoutUsec", "x"), FIELD("noWait", "b"), { NULL } };

static void assert_refused(Fixture *f, const Field *in, const Field *options, const char *pattern)
{
        g_assert_cmpint(read_back(f, in, options), <, 0);
        g_assert_cmpint(f->error.code, ==, ERROR_INVALID_ARGS);
        if (!g_pattern_match_simple(pattern, f->error.message))
                g_error("'%s' is not '%s'", f->error.message, pattern);
}

static void test_unknown_option(Fixture *f, gconstpointer data)
{
        must(sd_bus_message_append(f->message, "a{sv}", 1, "timeoutUsec", "x", (int64_t) 1));
        assert_refused(f, NULL, stop_options,
                       "M: option 'timeoutUsec' is not known; there are: timeout_usec, no_wait");
        g_assert_cmpstr(f->error.object, ==, "timeoutUsec");
}

static void test_no_options_known(Fixture *f, gconstpointer data)
{
        must(sd_bus_message_append(f->message, "a{sv}", 1, "x", "b", 1));
        assert_refused(f, NULL, no_fields, "M: option 'x' is not known; there are none");
}

static void test_option_of_wrong_type(Fixture *f, gconstpointer data)
{
        must(sd_bus_message_append(f->message, "a{sv}", 1, "timeout_usec", "t", (uint64_t) 1));
        assert_refused(f, NULL, stop_options, "M: option 'timeout_usec' has the type 't', not 'x'");
}

static void test_option_twice(Fixture *f, gconstpointer data)
{
        must(sd_bus_message_append(f->message, "a{sv}", 2, "no_wait", "b", 1, "no_wait", "b", 0));
        assert_refused(f, NULL, stop_options, "M: 'no_wait' is given twice");
}

static void test_nested_variants(Fixture *f, gconstpointer data)
{
        must(sd_bus_message_open_container(f->message, 'a', "{sv}"));
        must(sd_bus_message_open_container(f->message, 'e', "sv"));
        must(sd_bus_message_append(f->message, "s", "no_wait"));
        for (int i = 0; i < 60; i++)
                must(sd_bus_message_open_container(f->message, 'v', i < 59 ? "v" : "b"));
        must(sd_bus_message_append(f->message, "b", 1));
        for (int i = 0; i < 60; i++)
                must(sd_bus_message_close_container(f->message));
        must(sd_bus_message_close_container(f->message));
        must(sd_bus_message_close_container(f->message));
        assert_refused(f, NULL, stop_options, "M: option 'no_wait' has the type 'v', not 'b'");
}

static void test_key_twice(Fixture *f, gconstpointer data)
{
        const Field in[] = { FIELD("backendOptions", "a{ss}"), { NULL } };

        must(sd_bus_message_append(f->message, "a{ss}", 2, "a", "1", "a", "2"));
        assert_refused(f, in, NULL, "M: 'backend_options' has a key twice");
}

static void test_too_large_number(Fixture *f, gconstpointer data)
{
        const Field in[] = { FIELD("size", "t"), { NULL } };

        must(sd_bus_message_append(f->message, "t", UINT64_MAX));
        assert_refused(f, in, NULL, "M: 'size' is too large");
}

static void test_no_number(Fixture *f, gconstpointer data)
{
        const Field in[] = { FIELD("share", "d"), { NULL } };

        must(sd_bus_message_append(f->message, "d", (double) NAN));
        assert_refused(f, in, NULL, "M: 'share' must be a finite number");
}

static void test_foreign_path(Fixture *f, gconstpointer data)
{
        const Field in[] = { FIELD("container", "o"), { NULL } };

        must(sd_bus_message_append(f->message, "o", "/org/freedesktop/systemd1"));
        assert_refused(f, in, NULL, "M: 'container' is no path of a container or job");
}

static void test_limit(Fixture *f, gconstpointer data)
{
        const Field in[] = { FIELD("command", "as"), { NULL } };

        must(sd_bus_message_open_container(f->message, 'a', "s"));
        for (int i = 0; i < 100000; i++)
                must(sd_bus_message_append(f->message, "s", "a"));
        must(sd_bus_message_close_container(f->message));
        g_assert_cmpint(read_back(f, in, NULL), <, 0);
        g_assert_cmpint(f->error.code, ==, ERROR_LIMITS_EXCEEDED);
}

static void test_fds(Fixture *f, gconstpointer data)
{
        const Field in[] = { FIELD("stdio", "ah"), FIELD("session", "h"), { NULL } };
        json_t *expected = parse("{\"stdio\":[0,1],\"session\":2}");

        must(sd_bus_message_append(f->message, "ahh", 2, 0, 1, 2));
        must(read_back(f, in, NULL));
        assert_equal(f->into, expected);
        g_assert_cmpuint(f->fds.n, ==, 3);
        for (size_t i = 0; i < 3; i++) {
                g_assert_cmpint(f->fds.fds[i], >, 2);
                g_assert_cmpint(fcntl(f->fds.fds[i], F_GETFD) & FD_CLOEXEC, !=, 0);
        }
        json_decref(expected);
}

static void test_too_many_fds(Fixture *f, gconstpointer data)
{
        const Field in[] = { FIELD("stdio", "ah"), { NULL } };

        must(sd_bus_message_open_container(f->message, 'a', "h"));
        for (int i = 0; i < 17; i++)
                must(sd_bus_message_append(f->message, "h", 0));
        must(sd_bus_message_close_container(f->message));
        g_assert_cmpint(read_back(f, in, NULL), <, 0);
        g_assert_cmpint(f->error.code, ==, ERROR_LIMITS_EXCEEDED);
        g_assert_cmpuint(f->fds.n, ==, 16);
}

static void test_optional_fd(Fixture *f, gconstpointer data)
{
        const Field out[] = { FIELD("terminal", "ah"), FIELD("log", "ah"), { NULL } };
        json_t *result = parse("{\"terminal\":0}"),
               *expected = parse("{\"terminal\":[0],\"log\":[]}");
        FdArray fds = { .fds = { 0 }, .n = 1 };

        must(marshal_append(f->message, out, NULL, result, &fds, &f->error));
        must(read_back(f, out, NULL));
        assert_equal(f->into, expected);
        json_decref(result);
        json_decref(expected);
}

/* The results of verbs that do not keep to their rows. */
static void test_bad_results(Fixture *f, gconstpointer data)
{
        static const struct {
                const char *signature, *value;
        } rows[] = {
                { "s", "1" },          { "s", "null" },     { "b", "1" },
                { "i", "2147483648" }, { "u", "-1" },       { "t", "-1" },
                { "h", "0" },          { "ah", "[0]" },     { "o", "true" },
                { "as", "\"a\"" },     { "a(ss)", "[{}]" }, { "a{ss}", "{\"a\":1}" },
                { "aa{sv}", "{}" },    { "aa{sv}", "[1]" }, { "d", "\"1\"" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                const Field out[] = { FIELD("value", rows[i].signature), { NULL } };
                g_autofree char *text = g_strdup_printf("{\"value\":%s}", rows[i].value);
                json_t *result = parse(text);

                if (marshal_append(f->message, out, NULL, result, &f->fds, &f->error) >= 0)
                        g_error("%s was told as '%s'", text, rows[i].signature);
                g_assert_nonnull(f->error.message);
                json_decref(result);
                tear_down(f, NULL);
                set_up(f, NULL);
        }
}

static void test_list_of_rows(Fixture *f, gconstpointer data)
{
        const Field out[] = { FIELD("jobs", "aa{sv}"), { NULL } };
        const Field rows[] = { FIELD("startOrder", "x"), FIELD("groups", "as"), { NULL } };
        json_t *result =
                parse("{\"jobs\":[{\"startOrder\":1},{\"groups\":[\"a\"],\"secret\":1},{}]}");
        const char *key;

        must(marshal_append(f->message, out, rows, result, &f->fds, &f->error));
        must(sd_bus_message_seal(f->message, 1, 0));
        must(sd_bus_message_rewind(f->message, true));
        g_assert_cmpstr(sd_bus_message_get_signature(f->message, true), ==, "aa{sv}");
        must(sd_bus_message_enter_container(f->message, 'a', "a{sv}"));
        must(sd_bus_message_enter_container(f->message, 'a', "{sv}"));
        must(sd_bus_message_enter_container(f->message, 'e', "sv"));
        must(sd_bus_message_read(f->message, "s", &key));
        g_assert_cmpstr(key, ==, "start_order");
        json_decref(result);
}

#define add(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/marshal/names-are-lower-snake", test_names);
        g_test_add_func("/marshal/signature-is-that-of-the-fields", test_signature);
        add("/marshal/every-type-survives-the-round-trip", test_round_trip);
        add("/marshal/addresses-are-bytes-on-the-bus", test_addresses);
        add("/marshal/options-survive-the-round-trip", test_options_round_trip);
        add("/marshal/unknown-option-names-the-known-ones", test_unknown_option);
        add("/marshal/unknown-option-where-there-are-none", test_no_options_known);
        add("/marshal/option-of-wrong-type-names-both-types", test_option_of_wrong_type);
        add("/marshal/option-given-twice-is-refused", test_option_twice);
        add("/marshal/nested-variants-are-not-entered", test_nested_variants);
        add("/marshal/key-given-twice-is-refused", test_key_twice);
        add("/marshal/number-beyond-63-bits-is-refused", test_too_large_number);
        add("/marshal/not-a-number-is-refused", test_no_number);
        add("/marshal/path-of-others-is-refused", test_foreign_path);
        add("/marshal/large-arguments-are-refused", test_limit);
        add("/marshal/file-descriptors-are-duplicates", test_fds);
        add("/marshal/too-many-file-descriptors-are-refused", test_too_many_fds);
        add("/marshal/optional-file-descriptor-is-a-list", test_optional_fd);
        add("/marshal/result-that-is-not-of-its-rows-is-an-error", test_bad_results);
        add("/marshal/only-fields-of-the-rows-are-told", test_list_of_rows);
        return g_test_run();
}
