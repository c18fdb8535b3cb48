/* SPDX-License-Identifier: GPL-2.0-only */
/* An edit of a list's file in trusted.d: whole and in force, or not at all. For keeper*.c alone. */
#ifndef AGENT_KEEPER_EDIT_H
#define AGENT_KEEPER_EDIT_H

#include <limits.h>
#include <time.h>

#include "keeper_internal.h"
#include "service/trust_text.h"

struct list_edit {
	const char *list;
	char path[PATH_MAX];
	bool exists;
	struct timespec written; /* the file was, when it exists */
	char *data;		 /* of the file as it is; "" when there is none */
	size_t size;
};

/*
 * Reads the file of a list. -EINVAL: that cannot be a list's name; else why it could not be read.
 * Close the edit also on failure. `list` must outlive it.
 */
int list_edit_open(const struct keeper *keeper, const char *list, struct list_edit *edit,
		   struct trouble *trouble);
void list_edit_close(struct list_edit *edit);

/* Are the file's contents those that the configuration in force was read from? */
bool list_edit_is_in_force(const struct keeper *keeper, const struct list_edit *edit);

/* Writes the file alone; `text` NULL leaves it as it is. */
int list_edit_write(const struct keeper *keeper, const struct list_edit *edit,
		    const struct text *text, struct trouble *trouble);

/*
 * Writes the new text, if there is one, and reloads on these terms; puts the old one back when the
 * configuration is refused. Fills the answer.
 */
void list_edit_apply(struct keeper *keeper, const struct list_edit *edit, const struct text *text,
		     const struct keeper_terms *terms, struct control_answer *answer);

#endif
