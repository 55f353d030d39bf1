/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The name of a key that is at most two typing errors away from `name`, or NULL. */
const char *config_key_suggest(const char *name);
