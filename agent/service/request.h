/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests of the control socket (include/mxfence/control.h), parsed. Pure. */
#ifndef SERVICE_REQUEST_H
#define SERVICE_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/trouble.h"

struct request {
	const char *verb;  /* static: as in MXF_CONTROL_VERBS */
	bool changes;	   /* for those alone who may change state */
	json_t *arguments; /* an object, never NULL */
};

/*
 * Parses one line, with or without its end. Returns 0 (clear the request), or -EINVAL with the
 * reason in *trouble: not JSON, not such an object, no such verb.
 */
int request_parse(const char *line, size_t size, struct request *request, struct trouble *trouble);
void request_clear(struct request *request);

/*
 * An argument that is a string; NULL when it is not given. Returns 0, or -EINVAL with the reason:
 * of another type, or missing though `required`. Owned by `arguments`.
 */
int request_string(const json_t *arguments, const char *name, bool required, const char **value,
		   struct trouble *trouble);

/* As request_string(), for a whole number from `least` to `most`; `*value` stays if not given. */
int request_number(const json_t *arguments, const char *name, long long least, long long most,
		   long long *value, struct trouble *trouble);

#endif
