/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MXFENCE_HELP_H
#define MXFENCE_HELP_H

#include <stdio.h>

#include "verbs.h"

/* The list of verbs and common options. */
void help_print_all(FILE *out);

/* One verb: usage, what it does, its options. */
void help_print_verb(FILE *out, const struct verb *verb);

/* As help_print_verb() for a verb's name, or each verb of a group. False: there is none. */
bool help_print_named(FILE *out, const char *name);

#endif
