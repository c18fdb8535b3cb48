/* SPDX-License-Identifier: GPL-2.0-only */
/* Why something failed, in one line for a person: what, why, and what to do. */
#ifndef CORE_TROUBLE_H
#define CORE_TROUBLE_H

struct trouble {
	char text[512];
};

/* Writes the text; control characters are escaped. Returns `error`, so a caller can return it. */
int trouble_set(struct trouble *trouble, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
