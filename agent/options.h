/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

#include <stdbool.h>

struct options {
	const char *config;
	const char *run_dir;
	const char *pin_dir;
	bool foreground;
	bool replace_pins;
};

/*
 * Reads the command line. Returns -1 to go on, or the exit status: 0 after --help or --version, 2
 * with a message on stderr when it is wrong.
 */
int options_parse(int argc, char **argv, struct options *options);

#endif
