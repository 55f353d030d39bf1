/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* org.varlink.service: what the service is and which interfaces it has. */

#include "interfaces/varlink-message.h"

/* varlink_service_call() - Return: the reply message, NULL when out of memory. */
json_t *varlink_service_call(const char *member, json_t *parameters);
