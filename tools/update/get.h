/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UPDATE_GET_H
#define UPDATE_GET_H

#include "gather.h"

#define GET_DNS_TIMEOUT_MS 20000
#define GET_PROGRAM_TIMEOUT_MS 60000

/* How the DNS is asked; see resolver_open(). */
struct get_options {
	const char *server;
	const char *anchor;
};

/*
 * Gets what a list's source holds now, all of it or nothing: sorted, and fit for a list file.
 * Returns 0, or -errno with *failure; clear the gathering in any case.
 */
int get_ranges(const struct list_source *source, const struct get_options *options,
	       struct gathering *gathering, struct failure *failure);

#endif
