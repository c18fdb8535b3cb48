/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line of mxfence-update. The options are a table; manual and completions are checked
 * against it.
 */
#ifndef UPDATE_OPTIONS_H
#define UPDATE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define UPDATE_DEFAULT_CONFIG "/etc/mxfence/mxfence.yaml"
#define UPDATE_DEFAULT_RUN_DIR "/run/mxfence"

/* X(IDENTIFIER, short letter or 0, "long", "VALUE" or "", "what it does") */
#define UPDATE_OPTIONS(X)                                                                          \
	X(CONFIG, 'c', "config", "FILE", "configuration (" UPDATE_DEFAULT_CONFIG ")")              \
	X(RUN_DIR, 0, "run-dir", "DIR",                                                            \
	  "where the agent's control socket is (" UPDATE_DEFAULT_RUN_DIR ")")                      \
	X(DRY_RUN, 0, "dry-run", "", "prints the lists and changes nothing; needs no agent")       \
	X(FORCE, 0, "force", "", "changes a list also where the agent would rather not")           \
	X(DNS, 0, "dns", "ADDRESS[@PORT]", "asks this resolver (those of /etc/resolv.conf)")       \
	X(DNSSEC, 0, "dnssec", "ANCHOR_FILE", "validates answers, from these trust anchors on")    \
	X(ALL, 0, "all", "", "every list with a source, due or not")                               \
	X(HELP, 'h', "help", "", "prints this")                                                    \
	X(VERSION, 'V', "version", "", "prints the version")

#define UPDATE_OPTION_ENUM(id, letter, name, value, text) UPDATE_##id,
enum update_option { UPDATE_OPTIONS(UPDATE_OPTION_ENUM) UPDATE_OPTION_COUNT };

struct update_option_row {
	char letter;
	const char *name;
	const char *value; /* "": takes none */
	const char *text;
};

extern const struct update_option_row update_options[UPDATE_OPTION_COUNT];

struct update_command {
	bool given[UPDATE_OPTION_COUNT];
	const char *values[UPDATE_OPTION_COUNT]; /* or what holds when it is not given, or NULL */
	char *const *lists;
	size_t list_count;
};

/*
 * Reads the command line. Returns -1 to go on, or the exit status: 0 after --help or --version, 2
 * with a message on stderr when it is wrong.
 */
int update_options_parse(int argc, char **argv, struct update_command *command);

#endif
