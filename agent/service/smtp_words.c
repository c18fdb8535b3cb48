// SPDX-License-Identifier: GPL-2.0-only
#include "service/smtp_words.h"

#include <stdio.h>

#define RULE_WORD(id, number, word, text) [MXF_RULE_##id] = word,
const char *const smtp_rule_words[MXF_RULE_COUNT] = {MXF_RULES(RULE_WORD)};

#define SESSION_WORD(id, word, text) [MXF_SESSION_##id] = word,
const char *const smtp_session_words[MXF_SESSION_RESULT_COUNT] = {
	MXF_SESSION_RESULTS(SESSION_WORD)};

#define BACKEND_WORD(id, word, text) [MXF_BACKEND_##id] = word,
const char *const smtp_backend_words[MXF_BACKEND_ERROR_COUNT] = {MXF_BACKEND_ERRORS(BACKEND_WORD)};

#define AUTH_WORD(id, word) [MXF_AUTH_##id] = word,
const char *const smtp_auth_words[MXF_AUTH_RESULT_COUNT] = {MXF_AUTH_RESULTS(AUTH_WORD)};

void smtp_record_origin(const struct mxf_gate_record *record, const struct sources *sources,
			char origin[SMTP_ORIGIN_MAX])
{
	origin[0] = '\0';
	if (record->decided && record->origin_line)
		snprintf(origin, SMTP_ORIGIN_MAX, "%s:%u",
			 sources_name(sources, record->origin_file), record->origin_line);
}
