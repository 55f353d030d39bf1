/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Any text as an lxc.conf: nothing crashes; what loads prints to a text that loads to the same;
 * every key can be got; converting a document is idempotent. */

#include "fuzz.h"

#include "base/strv.h"
#include "config/check.h"
#include "config/document.h"
#include "config/get.h"
#include "config/keys.h"
#include "config/parse.h"

static void get_every_key(const Config *config)
{
        for (size_t i = 0; i < config_keys_n; i++) {
                _cleanup_(free_p) char *text = NULL;

                MUST(config_get(config, config_keys[i].name, &text, NULL) == 0);
                MUST(text);
        }
}

static void run_parser(const char *text)
{
        _cleanup_(config_free_p) Config *config = NULL, *again = NULL;
        _cleanup_(free_p) char *first = NULL, *second = NULL;
        _cleanup_(strv_free_p) char **warnings = NULL;
        _cleanup_(error_done) Error error = ERROR_NULL;

        if (config_parse_text(text, "fuzz", &config, &warnings, &error) < 0) {
                MUST(error_is_set(&error) && error.message && error.code != 0);
                return;
        }
        first = config_print(config);
        MUST(first);
        if (config_parse_text(first, "printed", &again, NULL, &error) < 0) {
                (void) fprintf(stderr, "%s\n", error_message(&error));
                abort();
        }
        second = config_print(again);
        MUST(second && streq(first, second));
        get_every_key(config);
        if (config_check_hooks(config, &error) < 0)
                MUST(error_is_set(&error) && error.code != 0);
}

static void run_document(const char *text)
{
        _cleanup_(document_free_p) Document *document = NULL, *again = NULL;
        _cleanup_(free_p) char *converted = NULL;

        MUST(document_new(text, &document) == 0);
        MUST(document_convert(document) >= 0);
        converted = document_text(document);
        MUST(converted);
        MUST(document_new(converted, &again) == 0);
        MUST(document_convert(again) == 0);
        MUST(document_set(again, "lxc.uts.name", "x") == 0);
        MUST(document_set(again, "lxc.net.0.type", "veth") == 0);
        MUST(document_unset(again, "lxc.net.0") >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(free_p) char *text = strndup((const char *) data, size);

        MUST(text);
        run_parser(text);
        run_document(text);
        return 0;
}
