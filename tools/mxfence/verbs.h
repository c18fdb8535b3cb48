/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the command line offers: options and verbs, each once, as tables. Parsing, help and "did you
 * mean" read them; completions and man pages are checked against them.
 */
#ifndef MXFENCE_VERBS_H
#define MXFENCE_VERBS_H

#include <stdbool.h>
#include <stddef.h>

#include "mxfence/control.h"

enum option_value { VALUE_NONE, VALUE_NEEDED, VALUE_OPTIONAL };

/* X(IDENTIFIER, short letter or 0, "long", value, "VALUE", "what it does") */
#define CLI_OPTIONS(X)                                                                             \
	X(CONFIG, 'c', "config", VALUE_NEEDED, "FILE", "configuration (" CLI_CONFIG_PATH ")")      \
	X(RUN_DIR, 0, "run-dir", VALUE_NEEDED, "DIR",                                              \
	  "where the agent's control socket is (" CLI_RUN_DIR ")")                                 \
	X(PIN_DIR, 0, "pin-dir", VALUE_NEEDED, "DIR",                                              \
	  "where the fence is pinned (" CLI_PIN_DIR ")")                                           \
	X(JSON, 'j', "json", VALUE_NONE, "", "one JSON object, errors too")                        \
	X(RAW, 0, "raw", VALUE_NONE, "", "tables for scripts: one blank between columns")          \
	X(HELP, 'h', "help", VALUE_NONE, "", "explains the verb")                                  \
	X(VERSION, 'V', "version", VALUE_NONE, "", "the version, as the verb")                     \
	X(LIST, 0, "list", VALUE_NEEDED, "NAME", "the trusted list (add: cli when not given)")     \
	X(NOTE, 0, "note", VALUE_NEEDED, "TEXT", "a comment that stands with the range")           \
	X(FOR, 0, "for", VALUE_NEEDED, "TIME",                                                     \
	  "it ends by itself after TIME: 90s, 30m, 2h, 7d (ban: 1h)")                              \
	X(FORCE, 0, "force", VALUE_NONE, "", "in spite of what speaks against it")                 \
	X(TRY, 0, "try", VALUE_NEEDED, "SECONDS",                                                  \
	  "on trial: without confirm the kernel goes back by itself")                              \
	X(PORT, 0, "port", VALUE_NEEDED, "N", "destination port (25)")                             \
	X(LOCAL, 0, "local", VALUE_NEEDED, "ADDRESS", "destination address (any)")                 \
	X(AUTH, 0, "auth", VALUE_NEEDED, "LOGIN", "the client is logged in as LOGIN")              \
	X(FROM, 0, "from", VALUE_NEEDED, "ADDRESS", "MAIL FROM; <> is the null sender (<>)")       \
	X(TO, 0, "to", VALUE_NEEDED, "ADDRESS", "RCPT TO; without it only MAIL is asked about")    \
	X(TLS, 0, "tls", VALUE_NONE, "", "the session is encrypted")                               \
	X(FORMAT, 0, "format", VALUE_NEEDED, "FORMAT",                                             \
	  "of the export: plain, exchange55, csv or ldif (guessed)")                               \
	X(SELECT, 0, "select", VALUE_NEEDED, "WHICH", "all, closed or rejected (all)")             \
	X(GROUP, 0, "group", VALUE_NEEDED, "NAME", "members of this group, nested ones too")       \
	X(OUTPUT, 0, "output", VALUE_NEEDED, "FILE", "the file to replace (stdout)")               \
	X(DRY_RUN, 0, "dry-run", VALUE_NONE, "", "shows what would change in the output")          \
	X(BY, 0, "by", VALUE_NEEDED, "KEY", "one table only: " CLI_STATS_KEYS_TEXT)                \
	X(NAMES, 0, "names", VALUE_NONE, "", "asks for the names of the addresses (PTR)")          \
	X(WATCH, 0, "watch", VALUE_OPTIONAL, "S", "again every S seconds (2), with rates")         \
	X(FOLLOW, 'f', "follow", VALUE_NONE, "", "goes on until interrupted")

#define CLI_CONFIG_PATH "/etc/mxfence/mxfence.yaml"
#define CLI_RUN_DIR "/run/mxfence"
#define CLI_PIN_DIR "/sys/fs/bpf/mxfence"

/* X(IDENTIFIER, "key"): what `stats --by` takes. */
#define CLI_STATS_KEYS(X)                                                                          \
	X(REASON, "reason")                                                                        \
	X(LIST, "list")                                                                            \
	X(RANGE, "range")                                                                          \
	X(INTERFACE, "interface")
#define CLI_STATS_KEYS_TEXT "reason, list, range or interface"

#define CLI_OPTION_ENUM(id, letter, name, value, word, text) OPTION_##id,
enum option_id { CLI_OPTIONS(CLI_OPTION_ENUM) OPTION_COUNT };

#define CLI_STATS_KEY_ENUM(id, name) STATS_BY_##id,
enum stats_key { CLI_STATS_KEYS(CLI_STATS_KEY_ENUM) STATS_KEY_COUNT };

struct cli_option {
	char letter;
	const char *name;
	enum option_value value;
	const char *word; /* stands for the value in help */
	const char *text;
};

struct command;

/* Returns the exit status. Prints its answer to stdout; failures through command_fail(). */
typedef enum mxf_exit verb_fn(const struct command *command);

enum agent_need {
	AGENT_UNUSED,	/* never talks to it */
	AGENT_OPTIONAL, /* asks it when it runs, else finds out by itself */
	AGENT_NEEDED,
};

#define OPTION_BIT(id) (1u << OPTION_##id)

struct verb {
	const char *name;     /* one or two words */
	const char *operands; /* as usage shows them; "[X]" may be left out */
	unsigned int operands_min;
	unsigned int operands_max;
	unsigned int options; /* OPTION_BIT()s besides CLI_COMMON_OPTIONS */
	enum agent_need agent;
	verb_fn *run;
	const char *summary;
	const char *text; /* what help says more */
};

/* Accepted before and after every verb. */
#define CLI_COMMON_OPTIONS                                                                         \
	(OPTION_BIT(CONFIG) | OPTION_BIT(RUN_DIR) | OPTION_BIT(PIN_DIR) | OPTION_BIT(JSON) |       \
	 OPTION_BIT(RAW) | OPTION_BIT(HELP) | OPTION_BIT(VERSION))

extern const struct cli_option cli_options[OPTION_COUNT];
extern const struct verb cli_verbs[];
extern const size_t cli_verb_count;
extern const char *const cli_stats_keys[STATS_KEY_COUNT];

/* The verb that stands alone. */
const struct verb *verb_default(void);

/* NULL when no verb has exactly that name. */
const struct verb *verb_find(const char *name);

/* True when some verb's first word of two is `word`. */
bool verb_is_group(const char *word);

#endif
