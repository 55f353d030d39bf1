/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the service manager's answers mean. */

#include <systemd/sd-bus.h>

#include "container/units.h"

/* An outcome that owns its texts. */
typedef struct UnitDetails {
        UnitOutcome outcome;
        uint64_t up_usec,
                down_usec;     /* when it last left, and entered, the state "inactive"; 0: never */
        const char *job_path;  /* of the job it has; "/": none */
        sd_bus_message *reply; /* outcome's texts point into it */
} UnitDetails;

/* Everything unknown. */
void unit_details_init(UnitDetails *details, const char *job_result);
void unit_details_done(UnitDetails *details);

/* unit_details_read() - from the reply to Properties.GetAll(""). Return: 0, -errno. */
int unit_details_read(UnitDetails *details, sd_bus_message *reply);

/* unit_infer_result() - the result of a job that is over, from what its unit is now: for a
 * JobRemoved that was missed. */
const char *unit_infer_result(UnitVerb verb, const char *active_state);

/* unit_has_been() - was a job that PID 1 may have got at that time (CLOCK_MONOTONIC) done and is over? Then it
 * must not be given again. */
bool unit_has_been(UnitVerb verb, const UnitDetails *details, uint64_t since_usec);

/* unit_refusal() - the service manager refused the job. Return: -errno. */
int unit_refusal(const sd_bus_error *problem, UnitVerb verb, const char *unit, Error *reterr);

/* Is the error one of not being there (executed anew, the bus gone), not of the call? */
bool unit_error_is_absence(const sd_bus_error *problem);

/* Such an error of a bus that lives: nobody has got the message, or its receiver ended before he read it. */
bool unit_error_is_undelivered(const sd_bus_error *problem);
