/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a resident process need not hold. */

/* footprint_shrink() - after the work of a start: give free heap back, and let go of the pages of
 * code and constants that only the start needed. What is used again comes back from the page cache,
 * a fault a page. */
void footprint_shrink(void);
