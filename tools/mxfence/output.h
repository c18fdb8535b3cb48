/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How verbs say what they have to say: people get text, errors on stderr; with --json there is one
 * object on stdout, whatever happens.
 */
#ifndef MXFENCE_OUTPUT_H
#define MXFENCE_OUTPUT_H

#include <jansson.h>

#include "command.h"
#include "history.h"
#include "screen.h"
#include "tools/common/client.h"

/*
 * Shows a body to a person. `before` is the same answer `seconds` ago, for rates, or NULL; then the
 * highest rates come first. `history` takes them, and is drawn, or is NULL. Pure but for what it
 * prints to the screen.
 */
struct view {
	const struct command *command;
	const json_t *body;
	const json_t *before;
	double seconds;
	struct history *history;
};
typedef void view_fn(const struct screen *screen, const struct view *view);

/* Prints an error and what to do about it (or NULL). Returns `exit`. */
enum mxf_exit output_error(const struct command *command, enum mxf_exit exit, const char *hint,
			   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Prints a body as JSON, on one line of its own when `one_line`. */
void output_json(const json_t *body, bool one_line);

/*
 * Prints an answer as the command wants it: JSON, or the body's `error` on stderr, or the answer's
 * text, or through `fn` (may be NULL). Returns the answer's exit status.
 */
enum mxf_exit output_answer(const struct command *command, const struct answer *answer,
			    view_fn *fn);

#endif
