// SPDX-License-Identifier: GPL-2.0-only
#include "service/smtp_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/ip.h"
#include "core/range.h"
#include "core/text.h"
#include "service/smtp_words.h"

/* A line while it is written; what does not fit is left out. */
struct writer {
	char *text;
	size_t size;
};

static void add(struct writer *writer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct writer *writer, const char *format, ...)
{
	size_t room = SMTP_LOG_MAX - writer->size;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(writer->text + writer->size, room, format, arguments);
	va_end(arguments);
	if (length > 0)
		writer->size += (size_t)length < room ? (size_t)length : room - 1;
}

/* Somebody's text: nothing in it ends a bracket, a line, or a field. */
static void add_text(struct writer *writer, const char *text)
{
	char escaped[2 * MXF_RECORD_ADDRESS_MAX];

	text_escape(text, strlen(text), escaped, sizeof(escaped));
	for (char *at = escaped; *at; at++)
		if (*at == '<' || *at == '>' || *at == ';' || *at == '[' || *at == ']')
			*at = '?';
	add(writer, "%s", escaped);
}

/* The same between < and >. Square brackets belong to address literals. */
static void add_enclosed(struct writer *writer, const char *text)
{
	char escaped[2 * MXF_RECORD_ADDRESS_MAX];

	text_escape(text, strlen(text), escaped, sizeof(escaped));
	for (char *at = escaped; *at; at++)
		if (*at == '<' || *at == '>')
			*at = '?';
	add(writer, "<%s>", escaped);
}

static void add_client(struct writer *writer, const struct mxf_gate_record *record)
{
	char address[RANGE_TEXT_MAX];

	address[ip_format(ip_from_words(record->client), record->client_family, address)] = '\0';
	add(writer, "unknown[%s]", address);
}

static void add_session(struct writer *writer, const struct mxf_gate_record *record)
{
	add(writer, " session=%llx", (unsigned long long)record->session);
}

static void add_envelope(struct writer *writer, const struct mxf_gate_record *record)
{
	if (record->has_sender) {
		add(writer, " from=");
		add_enclosed(writer, record->sender);
	}
	if (record->recipient[0]) {
		add(writer, " to=");
		add_enclosed(writer, record->recipient);
	}
	add(writer, " proto=%s", record->esmtp ? "ESMTP" : "SMTP");
	if (record->helo[0]) {
		add(writer, " helo=");
		add_enclosed(writer, record->helo);
	}
	if (record->login[0]) {
		add(writer, " login=");
		add_enclosed(writer, record->login);
	}
}

static void add_rule(struct writer *writer, const struct mxf_gate_record *record,
		     const char *origin)
{
	if (!record->decided || record->rule >= MXF_RULE_COUNT)
		return;
	add(writer, " rule=%s", smtp_rule_words[record->rule]);
	if (*origin)
		add(writer, " origin=%s", origin);
}

/* NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 550 5.7.1 <to>: Unable to relay; from=<> ... */
static enum log_level_name add_refused(struct writer *writer, const struct mxf_gate_record *record,
				       const char *origin)
{
	add(writer, "NOQUEUE: reject: ");
	add_text(writer, record->command);
	add(writer, " from ");
	add_client(writer, record);
	add(writer, ": %u ", record->code);
	if (record->enhanced[0]) {
		add_text(writer, record->enhanced);
		add(writer, " ");
	}
	if (record->recipient[0]) {
		add_enclosed(writer, record->recipient);
		add(writer, ": ");
	}
	add_text(writer, record->text);
	add(writer, ";");
	add_envelope(writer, record);
	add_rule(writer, record, origin);
	if (record->reason[0]) {
		add(writer, " reason=\"");
		add_text(writer, record->reason);
		add(writer, "\"");
	}
	add_session(writer, record);
	return LOG_LEVEL_INFO;
}

static enum log_level_name add_login(struct writer *writer, const struct mxf_gate_record *record,
				     const char *origin)
{
	(void)origin;
	if (record->result == MXF_AUTH_OK) {
		add(writer, "login from ");
		add_client(writer, record);
		add(writer, ": sasl_method=");
		add_text(writer, record->mechanism);
	} else {
		add(writer, "warning: ");
		add_client(writer, record);
		add(writer, ": SASL ");
		add_text(writer, record->mechanism);
		add(writer, record->result == MXF_AUTH_FAILED
				    ? " authentication failed"
				    : " authentication not possible, nobody to ask");
		add(writer, ":");
	}
	add(writer, " sasl_username=");
	add_enclosed(writer, record->login);
	add_session(writer, record);
	return record->result == MXF_AUTH_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING;
}

static enum log_level_name add_message(struct writer *writer, const struct mxf_gate_record *record,
				       const char *origin)
{
	(void)origin;
	add(writer, "message from ");
	add_client(writer, record);
	add(writer, ": %s", record->code / 100 == 2 ? "accepted" : "refused by the backend");
	add_envelope(writer, record);
	add(writer, " size=%llu nrcpt=%u reply=\"%u ", (unsigned long long)record->bytes,
	    record->recipients, record->code);
	add_text(writer, record->enhanced);
	add(writer, "%s", record->enhanced[0] ? " " : "");
	add_text(writer, record->text);
	add(writer, "\"");
	add_session(writer, record);
	return LOG_LEVEL_INFO;
}

static enum log_level_name add_backend(struct writer *writer, const struct mxf_gate_record *record,
				       const char *origin)
{
	(void)origin;
	add(writer, "backend trouble: %s",
	    record->result < MXF_BACKEND_ERROR_COUNT ? smtp_backend_words[record->result]
						     : "unknown");
	if (record->reason[0]) {
		add(writer, ": ");
		add_text(writer, record->reason);
	}
	if (record->text[0]) {
		add(writer, ": %u ", record->code);
		add_text(writer, record->text);
	}
	if (record->client_family) {
		add(writer, "; client=");
		add_client(writer, record);
	}
	add_session(writer, record);
	return LOG_LEVEL_WARNING;
}

static enum log_level_name add_end(struct writer *writer, const struct mxf_gate_record *record,
				   const char *origin)
{
	(void)origin;
	add(writer, "disconnect from ");
	add_client(writer, record);
	add(writer, ": %s messages=%u",
	    record->result < MXF_SESSION_RESULT_COUNT ? smtp_session_words[record->result]
						      : "unknown",
	    record->messages);
	add_session(writer, record);
	return LOG_LEVEL_DEBUG;
}

typedef enum log_level_name add_fn(struct writer *writer, const struct mxf_gate_record *record,
				   const char *origin);

static add_fn *const kinds[MXF_RECORD_COUNT] = {
	[MXF_RECORD_REFUSED] = add_refused, [MXF_RECORD_MESSAGE] = add_message,
	[MXF_RECORD_LOGIN] = add_login,	    [MXF_RECORD_BACKEND] = add_backend,
	[MXF_RECORD_END] = add_end,
};

size_t smtp_log_format(const struct mxf_gate_record *record, const char *origin,
		       char line[SMTP_LOG_MAX], enum log_level_name *level)
{
	struct writer writer = {.text = line};

	line[0] = '\0';
	if (record->kind >= MXF_RECORD_COUNT || !kinds[record->kind])
		return 0;
	*level = kinds[record->kind](&writer, record, origin);
	return writer.size;
}

void smtp_log_record(const struct mxf_gate_record *record, const char *origin)
{
	char line[SMTP_LOG_MAX];
	enum log_level_name level;

	if (smtp_log_format(record, origin, line, &level))
		log_write(level, "%s", line);
}
