/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The last line of most verbs. */

#include "container/call.h"

/* Replies with json_pack(format, ...). Return: 0, -ENOMEM (or a text that is not UTF-8) raised. */
int reply_pack(Call *call, Error *reterr, const char *format, ...);
