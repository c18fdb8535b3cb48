/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One command line, understood: which verb, its options, its operands.
 */
#ifndef MXFENCE_COMMAND_H
#define MXFENCE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "verbs.h"

#define COMMAND_OPERANDS_MAX 4
#define COMMAND_PORT_DEFAULT 25
#define COMMAND_WATCH_DEFAULT 2u
#define COMMAND_WATCH_MAX 86400u
#define COMMAND_TRY_MAX 86400u

struct command {
	const struct verb *verb;
	bool given[OPTION_COUNT];
	const char *values[OPTION_COUNT]; /* NULL when not given, or given without a value */
	const char *operands[COMMAND_OPERANDS_MAX];
	unsigned int operand_count;
	enum stats_key by;
	uint16_t port;
	unsigned int watch; /* seconds; 0 = once */
	unsigned int try_seconds;
	bool verb_given; /* false: the verb that stands alone */
};

/* What is wrong with a command line, and what would be right; both one line. */
struct usage_error {
	char text[256];
	char hint[512]; /* "" when there is nothing to add */
};

/*
 * Reads a command line (argv[0] is the program). Pure. Returns true with *command filled, which
 * points into argv; or false with *error filled, and then command->given[OPTION_JSON] still says
 * whether JSON was asked for anywhere on the line.
 */
bool command_parse(int argc, char *const *argv, struct command *command, struct usage_error *error);

const char *command_config_path(const struct command *command);
const char *command_run_dir(const struct command *command);
const char *command_pin_dir(const struct command *command);

#endif
