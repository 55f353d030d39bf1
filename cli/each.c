/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/each.h"

#include "base/process.h"
#include "cli/output.h"

#define AT_ONCE_MAX 16

int each_in_turn(Context *context, EachHandler handler, void *userdata, Error *reterr)
{
        const Arguments *arguments = context->arguments;
        int status = EXIT_SUCCESS;

        if (arguments->n_words == 1)
                return handler(context, arguments->words[0], userdata, reterr);
        for (size_t i = 0; i < arguments->n_words; i++) {
                Error error = ERROR_NULL;

                if (handler(context, arguments->words[i], userdata, &error) < 0) {
                        output_error(&error, arguments->words[i]);
                        status = EXIT_FAILURE;
                }
                error_done(&error);
        }
        return status;
}

static json_t *with_container(const json_t *parameters, const char *container)
{
        _cleanup_(json_decref_p) json_t *own = client_parameters(container);

        if (!own || json_object_update(own, (json_t *) parameters) < 0)
                return NULL;
        return TAKE_PTR(own);
}

typedef struct Pending {
        VarlinkClient *client;
        Error error;
        int r;
} Pending;

static void begin(Context *context,
                  Pending *pending,
                  const char *method,
                  const json_t *parameters,
                  const char *container)
{
        json_t *own = with_container(parameters, container);

        *pending = (Pending){ .r = 0 };
        if (!own) {
                pending->r = error_oom(&pending->error);
                return;
        }
        pending->r = client_connect(context, &pending->client, &pending->error);
        if (pending->r < 0) {
                json_decref(own);
                return;
        }
        pending->r =
                varlink_client_send(pending->client, method, own, false, NULL, &pending->error);
}

static void finish(Context *context,
                   Pending *pending,
                   const char *method,
                   const json_t *parameters,
                   const char *container)
{
        if (pending->r >= 0)
                pending->r = varlink_client_receive(pending->client, USEC_INFINITY, NULL, NULL,
                                                    &pending->error);
        pending->client = varlink_client_free(pending->client);
        if (pending->r >= 0 || !client_may_ask(context, &pending->error))
                return;
        /* One dialogue after the other. */
        error_done(&pending->error);
        pending->r = client_call(context, method, with_container(parameters, container), NULL,
                                 &pending->error);
}

static int
run_batch(Context *context, const char *method, const json_t *parameters, char **names, size_t n)
{
        Pending pending[AT_ONCE_MAX];
        int status = EXIT_SUCCESS;

        for (size_t i = 0; i < n; i++)
                begin(context, &pending[i], method, parameters, names[i]);
        for (size_t i = 0; i < n; i++) {
                finish(context, &pending[i], method, parameters, names[i]);
                if (pending[i].r < 0) {
                        output_error(&pending[i].error, names[i]);
                        status = EXIT_FAILURE;
                }
                error_done(&pending[i].error);
        }
        return status;
}

int each_at_once(Context *context, const char *method, json_t *parameters, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *own = parameters;
        const Arguments *arguments = context->arguments;
        int status = EXIT_SUCCESS;

        if (!own)
                return error_oom(reterr);
        if (arguments->n_words == 1) {
                json_t *one = with_container(own, arguments->words[0]);

                return one ? client_call(context, method, one, NULL, reterr) : error_oom(reterr);
        }
        for (size_t i = 0; i < arguments->n_words; i += AT_ONCE_MAX) {
                size_t n = arguments->n_words - i;

                if (run_batch(context, method, own, arguments->words + i,
                              n > AT_ONCE_MAX ? AT_ONCE_MAX : n) != EXIT_SUCCESS)
                        status = EXIT_FAILURE;
        }
        return status;
}
