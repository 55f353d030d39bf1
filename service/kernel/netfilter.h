/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* netfilter_has_tables() - does the kernel filter and translate by nftables? It loads the module to
 * answer. Return: > 0 yes, 0 no, -errno. */
int netfilter_has_tables(void);
