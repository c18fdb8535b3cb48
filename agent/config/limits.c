// SPDX-License-Identifier: GPL-2.0-only
#include "config/limits.h"

#include <errno.h>
#include <string.h>

#define LIMIT_SCOPE_W true
#define LIMIT_SCOPE_S false
#define LIMIT_ROW(id, key, kind, preset, least, most, scope, text)                                 \
	[LIMIT_##id] = {key, kind, preset, least, most, LIMIT_SCOPE_##scope, text},

const struct limit_row limit_rows[LIMIT_LIMITS] = {LIMITS(LIMIT_ROW)};

#define RATE_SECONDS_MAX 86400
#define NOT_SET (-1)

/* What may stand behind a number. */
struct unit {
	char letter;
	int64_t factor;
};

static const struct unit time_units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {0, 0}};
static const struct unit size_units[] = {{'K', 1 << 10}, {'M', 1 << 20}, {'G', 1 << 30}, {0, 0}};
static const struct unit no_units[] = {{0, 0}};

static const struct unit *units_of(enum limit_kind kind)
{
	if (kind == LIMIT_SECONDS)
		return time_units;
	return kind == LIMIT_BYTES ? size_units : no_units;
}

/* A number and at most one unit. */
static int parse_number(const struct unit *units, const char *text, size_t size, int64_t *value)
{
	int64_t number = 0;
	size_t i = 0;

	for (; i < size && text[i] >= '0' && text[i] <= '9'; i++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, text[i] - '0', &number))
			return -ERANGE;
	if (i == 0 || size - i > 1)
		return -EINVAL;
	if (i < size) {
		while (units->letter && units->letter != text[i])
			units++;
		if (!units->letter)
			return -EINVAL;
		if (__builtin_mul_overflow(number, units->factor, &number))
			return -ERANGE;
	}
	*value = number;
	return 0;
}

/* "60/1m" */
static int parse_rate(const char *text, size_t size, int64_t *value, uint32_t *seconds)
{
	const char *slash = memchr(text, '/', size);
	size_t count = slash ? (size_t)(slash - text) : 0;
	int64_t time = 0;
	int error;

	if (!slash)
		return -EINVAL;
	error = parse_number(no_units, text, count, value);
	if (!error)
		error = parse_number(time_units, slash + 1, size - count - 1, &time);
	if (!error && (time < 1 || time > RATE_SECONDS_MAX))
		error = -ERANGE;
	if (!error)
		*seconds = (uint32_t)time;
	return error;
}

int limit_parse(const struct limit_row *row, const char *text, size_t size, int64_t *value,
		uint32_t *seconds)
{
	int64_t parsed = 0;
	int error = row->kind == LIMIT_RATE
			    ? parse_rate(text, size, &parsed, seconds)
			    : parse_number(units_of(row->kind), text, size, &parsed);

	if (error)
		return error;
	if (parsed < row->least || parsed > row->most)
		return -ERANGE;
	*value = parsed;
	return 0;
}

void limits_preset(struct limits *limits)
{
	for (size_t i = 0; i < LIMIT_LIMITS; i++)
		limit_parse(&limit_rows[i], limit_rows[i].preset, strlen(limit_rows[i].preset),
			    &limits->values[i], &limits->rate_seconds);
}

void limits_unset(struct limits *limits)
{
	for (size_t i = 0; i < LIMIT_LIMITS; i++)
		limits->values[i] = NOT_SET;
}

void limits_inherit(struct limits *limits, const struct limits *other)
{
	if (limits->values[LIMIT_CONNECTIONS_PER_SOURCE] == NOT_SET)
		limits->rate_seconds = other->rate_seconds;
	for (size_t i = 0; i < LIMIT_LIMITS; i++)
		if (limits->values[i] == NOT_SET)
			limits->values[i] = other->values[i];
}
