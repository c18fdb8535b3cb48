/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The limits of the gate: one table, from which the reader, the sessions and mxfence.yaml(5)
 * derive. `limits` holds for everybody, `limits-internal` for internal clients where it is given.
 */
#ifndef CONFIG_LIMITS_H
#define CONFIG_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a limit is written, and its base unit. LIMIT_RATE is COUNT/TIME, as 60/1m. */
enum limit_kind { LIMIT_COUNT, LIMIT_SECONDS, LIMIT_BYTES, LIMIT_RATE };

/*
 * X(id, key, kind, preset, least, most, scope, what it bounds and what happens beyond)
 * A preset is written as a person would. Values are in the base unit: counts, seconds, bytes; a
 * rate's bounds are of its count, and its time is from 1s to 1d. Scope W: the whole agent, so not
 * in `limits-internal`; S: a session or a source.
 */
#define LIMITS(X)                                                                                  \
	X(SESSIONS, "sessions", LIMIT_COUNT, "10000", 1, 100000, W,                                \
	  "sessions at once, in all workers; 421 4.7.0 beyond")                                    \
	X(SESSIONS_PER_SOURCE, "sessions-per-source", LIMIT_COUNT, "50", 1, 100000, S,             \
	  "sessions at once of one source, a /32 or /64; 421 4.7.0 beyond")                        \
	X(CONNECTIONS_PER_SOURCE, "connections-per-source", LIMIT_RATE, "60/1m", 1, 1000000, S,    \
	  "new connections of one source in that time; 421 4.7.0 beyond")                          \
	X(SESSION_TIMEOUT, "session-timeout", LIMIT_SECONDS, "1h", 60, 86400, S,                   \
	  "length of a session; 421 4.7.0 at its end, between messages")                           \
	X(COMMAND_TIMEOUT, "command-timeout", LIMIT_SECONDS, "5m", 1, 3600, S,                     \
	  "wait for the next command; 421 4.4.2 beyond")                                           \
	X(DATA_TIMEOUT, "data-timeout", LIMIT_SECONDS, "10m", 1, 7200, S,                          \
	  "silence within a message, and the backend's time for its answer; 421 4.4.2 beyond")     \
	X(MIN_DATA_RATE, "min-data-rate", LIMIT_BYTES, "500", 0, 1 << 30, S,                       \
	  "bytes a second of a message, over half a minute; slower ones get 421 4.4.2")            \
	X(RECIPIENTS, "recipients", LIMIT_COUNT, "1000", 1, 100000, S,                             \
	  "recipients of a message; 452 4.5.3 beyond")                                             \
	X(MESSAGES, "messages", LIMIT_COUNT, "100", 1, 1000000, S,                                 \
	  "messages of a session; 421 4.7.0 beyond")                                               \
	X(ERRORS, "errors", LIMIT_COUNT, "20", 1, 100000, S,                                       \
	  "5xx answers of a session; 421 4.7.0 after the last")                                    \
	X(UNKNOWN_COMMANDS, "unknown-commands", LIMIT_COUNT, "10", 1, 100000, S,                   \
	  "unknown commands of a session; 421 4.7.0 after the last")                               \
	X(IDLE_COMMANDS, "idle-commands", LIMIT_COUNT, "100", 1, 1000000, S,                       \
	  "NOOP, RSET and VRFY between two messages; 421 4.7.0 after the last")                    \
	X(AUTH_FAILURES, "auth-failures", LIMIT_COUNT, "3", 1, 1000, S,                            \
	  "failed logins of a session; 421 4.7.0 after the last")                                  \
	X(MESSAGE_SIZE, "message-size", LIMIT_BYTES, "50M", 1024, 1ll << 40, S,                    \
	  "bytes of a message; 552 5.3.4 beyond")                                                  \
	X(FAILURE_DELAY, "failure-delay", LIMIT_SECONDS, "1s", 0, 60, S,                           \
	  "wait before a failed login is answered")                                                \
	X(GREET_DELAY, "greet-delay", LIMIT_SECONDS, "0", 0, 60, S,                                \
	  "wait before the greeting; who speaks in it gets 554 5.5.0")

#define LIMIT_ENUM(id, key, kind, preset, least, most, scope, text) LIMIT_##id,
enum limit { LIMITS(LIMIT_ENUM) LIMIT_LIMITS };

/* Values in base units; `rate_seconds` belongs to connections-per-source. */
struct limits {
	int64_t values[LIMIT_LIMITS];
	uint32_t rate_seconds;
};

struct limit_row {
	const char *key;
	enum limit_kind kind;
	const char *preset;
	int64_t least, most;
	bool whole_agent;
	const char *summary;
};

extern const struct limit_row limit_rows[LIMIT_LIMITS];

/*
 * Reads a value as it is written: a number with K, M, G or s, m, h, d behind it where the kind has
 * those, or a rate. Returns 0, -EINVAL when it is not of that form, or -ERANGE when it is out of
 * bounds. `*seconds` is set for a rate alone. Pure.
 */
int limit_parse(const struct limit_row *row, const char *text, size_t size, int64_t *value,
		uint32_t *seconds);

/* All presets. */
void limits_preset(struct limits *limits);

/* No value at all; limits_inherit() then takes from `other` what was not set. */
void limits_unset(struct limits *limits);
void limits_inherit(struct limits *limits, const struct limits *other);

#endif
