/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The text of a container's own configuration file, unexpanded: comments, unknown lines and
 * includes stay as they are. What is saved, cloned and edited is this, never the loaded Config.
 * Nothing here checks values: parse document_text() with config_parse_text() before saving. */

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/error.h"

typedef struct Document Document;

/* Return: 0, -ENOMEM. */
int document_new(const char *text, Document **ret);
Document *document_free(Document *document);
DEFINE_CLEANUP(Document *, document_free)

/* Return: 0, as file_read() with a sentence. */
int document_load(const char *path, Document **ret, Error *reterr);

/* Atomic and durable. Return: 0, -errno; the old file stays whole then. */
int document_save(const Document *document, const char *path, mode_t mode, Error *reterr);

/* document_version() - names this very content of a file, for as long as nobody replaces it. */
#define DOCUMENT_VERSION_SIZE 96
void document_version(const struct stat *st, char ret[static DOCUMENT_VERSION_SIZE]);

/* The caller frees. NULL when out of memory. */
char *document_text(const Document *document);

/* document_set() - remove all lines of the key, under its legacy name too, and append
 * "KEY = VALUE". A nic's type is put where it was, since the nic's other lines build on it.
 * document_add() - only append. document_unset() - only remove; for "lxc.net.0", "lxc.hook",
 * "lxc.cgroup2" all that is below. Return: 0 (document_unset: > 0 when lines were removed),
 * -EINVAL (a newline in it), -ENOMEM. */
int document_set(Document *document, const char *key, const char *value);
int document_add(Document *document, const char *key, const char *value);
int document_unset(Document *document, const char *key);

/* document_is_legacy() - is any key of it written under its name of LXC 1.x or 2.0? Such a document
 * may still be read by such an LXC. document_set_alike() - as document_set(), under that name in such
 * a document. */
bool document_is_legacy(const Document *document);
int document_set_alike(Document *document, const char *key, const char *value);

/* document_replace() - another value for the line that document_next() has just given, under its name
 * as written, in its place. Return: 0, -EINVAL, -ENOMEM. */
int document_replace(Document *document, size_t position, const char *value);

/* The value of the last line of the key (unquoted), or NULL; includes are not looked into. */
const char *document_get(const Document *document, const char *key);

/* The lines of the document one by one: from *position = 0 to the end. *ret_key is the current name
 * (valid until the next call), *ret_value unquoted. Lines that are no KEY = VALUE are skipped.
 * Return: whether there was one. */
bool document_next(const Document *document,
                   size_t *position,
                   const char **ret_key,
                   const char **ret_value);

/* Legacy names become the current ones; lines of removed keys go. Return: > 0 when something
 * changed, 0, -ENOMEM. */
int document_convert(Document *document);

/* Each x in a lxc.net.N.hwaddr becomes a random digit, of a unicast address. Return: as above. */
int document_fill_hwaddr(Document *document);
