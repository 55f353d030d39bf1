/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Return: the exit status. */
int nagaya_main(int argc, char **argv);
