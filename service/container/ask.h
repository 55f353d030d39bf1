/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One question to the authority on behalf of a call. */

#include "container/authority.h"

/* call_ask() - the call is held until `answered`, which hears NULL (granted) or the denial; when the
 * client goes before, the question is withdrawn and nothing is heard. Return: 0, -errno (it cannot be
 * asked: a denial). */
int call_ask(Call *call,
             Action action,
             const AuthorityDetails *details,
             bool interactive,
             CallAnswered answered,
             Error *reterr);
