/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UPDATE_FAILURE_H
#define UPDATE_FAILURE_H

#include "core/trouble.h"

/* Why a list could not be got, and what to do about it; both one line. */
struct failure {
	struct trouble why;
	const char *hint; /* NULL: nothing special */
};

#define FAILURE_HINT_AGAIN "it is tried again at the next run"
#define FAILURE_HINT_OWNER                                                                         \
	"its owner must correct it; until then, write the ranges under `ranges` in the "           \
	"configuration"

#endif
