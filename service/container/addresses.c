/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/addresses.h"

#include "base/process.h"
#include "base/strv.h"
#include "container/manager.h"
#include "container/supervisor.h"

#define PARALLEL_MAX 64
#define ANSWER_USEC USEC_PER_SEC /* for all of them */

typedef struct Question Question;

typedef struct Asked {
        Question *question;
        struct Asked *next;
        Link *link;
        char *container; /* id */
} Asked;

struct Question {
        Call *call;
        json_t *ids;
        size_t next; /* id to be asked */
        Asked *asked;
        size_t n_asked;
        sd_event_source *timer;
        json_t *found;
        AddressesDone done;
};

static void asked_free(Asked *asked)
{
        (void) link_free(asked->link);
        free(asked->container);
        free(asked);
}

static Question *question_free(Question *question)
{
        if (!question)
                return NULL;
        while (question->asked) {
                Asked *asked = question->asked;

                question->asked = asked->next;
                asked_free(asked);
        }
        (void) sd_event_source_disable_unref(question->timer);
        json_decref(question->ids);
        json_decref(question->found);
        (void) call_unref(question->call);
        free(question);
        return NULL;
}
DEFINE_CLEANUP(Question *, question_free)

static void finish(Question *question)
{
        question->call->on_gone = NULL;
        question->done(question->call, question->found);
        (void) question_free(question);
}

static void forget(Asked *asked)
{
        Question *question = asked->question;
        Asked **p = &question->asked;

        while (*p != asked)
                p = &(*p)->next;
        *p = asked->next;
        question->n_asked--;
        asked_free(asked);
}

static void keep(const Asked *asked, const json_t *parameters)
{
        _cleanup_(json_decref_p) json_t *texts = json_array();
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(parameters, "addresses"), i, item)
                (void) json_array_append(texts, json_object_get(item, "address"));
        (void) json_object_set(asked->question->found, asked->container, texts);
}

static void ask_more(Question *question);

static void
on_reply(void *userdata, json_t *parameters, FdArray *fds, bool continues, const Error *error)
{
        Asked *asked = userdata;
        Question *question = asked->question;

        if (!error)
                keep(asked, parameters);
        forget(asked);
        ask_more(question);
}

/* Return: 0, -errno it cannot be asked. */
static int ask(Question *question, const char *id)
{
        Container *container = manager_container(question->call->manager, id);
        Asked *asked;
        int r;

        if (!container)
                return -ENOENT;
        asked = calloc(1, sizeof(*asked));
        if (!asked)
                return -ENOMEM;
        asked->question = question;
        asked->container = strdup(id);
        r = asked->container ? supervisor_call(container, "GetAddresses", json_object(), NULL,
                                               on_reply, asked, &asked->link, NULL)
                             : -ENOMEM;
        if (r < 0) {
                asked_free(asked);
                return r;
        }
        asked->next = question->asked;
        question->asked = asked;
        question->n_asked++;
        return 0;
}

static void ask_more(Question *question)
{
        while (question->n_asked < PARALLEL_MAX && question->next < json_array_size(question->ids))
                (void) ask(question,
                           json_string_value(json_array_get(question->ids, question->next++)));
        if (question->n_asked == 0)
                finish(question);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
        finish(userdata);
        return 0;
}

static void on_gone(Call *call, void *userdata)
{
        call->on_gone = NULL;
        (void) question_free(userdata);
}

int addresses_ask(Call *call, json_t *ids, AddressesDone done, Error *reterr)
{
        _cleanup_(question_free_p) Question *question = calloc(1, sizeof(*question));
        int r;

        if (!question || !ids) {
                json_decref(ids);
                return error_oom(reterr);
        }
        question->call = call_ref(call);
        question->ids = ids;
        question->found = json_object();
        question->done = done;
        if (!question->found)
                return error_oom(reterr);
        r = sd_event_add_time_relative(call->manager->event, &question->timer, CLOCK_MONOTONIC,
                                       ANSWER_USEC, 0, on_timeout, question);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot set a time limit");
        call->on_gone = on_gone;
        call->on_gone_userdata = question;
        ask_more(TAKE_PTR(question));
        return 0;
}
