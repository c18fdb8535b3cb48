// SPDX-License-Identifier: GPL-2.0-only
#include "service/report_smtp.h"

#include <stdio.h>
#include <string.h>

#include "core/range.h"
#include "service/report_internal.h"
#include "service/smtp_words.h"

static const char *const kind_words[MXF_RECORD_COUNT] = {
	[MXF_RECORD_REFUSED] = "refused", [MXF_RECORD_ACCEPTED] = "accepted",
	[MXF_RECORD_MESSAGE] = "message", [MXF_RECORD_LOGIN] = "login",
	[MXF_RECORD_BACKEND] = "backend",
};
static const char *const role_words[] = {[ROLE_MX] = "mx", [ROLE_SUBMISSION] = "submission"};
static const char *const tls_words[] = {
	[LISTENER_TLS_OFF] = "off",
	[LISTENER_TLS_OPTIONAL] = "optional",
	[LISTENER_TLS_REQUIRED] = "required",
	[LISTENER_TLS_IMPLICIT] = "implicit",
};
static const char *const auth_uses[] = {
	[LISTENER_AUTH_OFF] = "off",
	[LISTENER_AUTH_OPTIONAL] = "optional",
	[LISTENER_AUTH_REQUIRED] = "required",
};

static json_t *text_of(const char *text)
{
	return report_text(text, strlen(text));
}

static json_t *text_or_null(const char *text)
{
	return *text ? text_of(text) : json_null();
}

static json_t *address_of(const struct gate_endpoint *endpoint)
{
	char text[RANGE_TEXT_MAX];

	text[ip_format(endpoint->ip, endpoint->family, text)] = '\0';
	return json_string(text);
}

static json_t *listeners_of(const struct gate_config *gate)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < gate->listener_count; i++) {
		const struct gate_listener *listener = &gate->listeners[i];

		json_array_append_new(
			array,
			json_pack("{s:o, s:o, s:i, s:s, s:s, s:s, s:o}", "name",
				  text_of(listener->name), "address",
				  address_of(&listener->endpoint), "port", listener->endpoint.port,
				  "role", role_words[listener->role], "tls",
				  tls_words[listener->tls], "auth", auth_uses[listener->auth],
				  "backend", text_of(gate->backends[listener->backend].name)));
	}
	return array;
}

static json_t *servers_of(const struct gate_backend *backend)
{
	json_t *array = json_array();
	char text[RANGE_TEXT_MAX + 16], address[RANGE_TEXT_MAX];

	for (size_t i = 0; array && i < backend->server_count; i++) {
		const struct gate_endpoint *at = &backend->servers[i];

		address[ip_format(at->ip, at->family, address)] = '\0';
		snprintf(text, sizeof(text), at->family == MXF_FAMILY_IPV6 ? "[%s]:%u" : "%s:%u",
			 address, at->port);
		json_array_append_new(array, json_string(text));
	}
	return array;
}

static json_t *backends_of(const struct gate_config *gate, const struct mxf_gate_counters *counters)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < gate->backend_count; i++) {
		uint64_t errors = 0;

		for (size_t k = 0; k < MXF_BACKEND_ERROR_COUNT; k++)
			errors += counters->backend_errors[i][k];
		json_array_append_new(array, json_pack("{s:o, s:o, s:I}", "name",
						       text_of(gate->backends[i].name), "servers",
						       servers_of(&gate->backends[i]), "errors",
						       (json_int_t)errors));
	}
	return array;
}

json_t *report_gate(const struct config *config, const struct gate *gate)
{
	struct mxf_gate_counters counters;
	struct gate_state state;

	gate_state(gate, &state);
	if (!config->has_gate || !state.enabled)
		return json_null();
	gate_counters(gate, &counters);
	return json_pack("{s:o, s:o, s:i, s:i, s:i, s:i, s:I}", "listeners",
			 listeners_of(&config->gate), "backends",
			 backends_of(&config->gate, &counters), "workers", state.workers,
			 "retiring", state.retiring, "crashes", state.crashes, "sessions",
			 state.sessions, "messages", (json_int_t)counters.messages);
}

/* What sessions are appended to. */
struct session_list {
	const struct gate_config *gate;
	json_t *array;
};

static void append_session(void *context, const struct mxf_gate_session *session)
{
	struct session_list *list = context;
	const char *listener = session->listener < list->gate->listener_count
				       ? list->gate->listeners[session->listener].name
				       : "";
	char number[32];

	snprintf(number, sizeof(number), "%llx", (unsigned long long)session->session);
	json_array_append_new(
		list->array,
		json_pack("{s:s, s:o, s:i, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:i, s:i, s:I}",
			  "session", number, "client",
			  report_address(session->client, session->client_family), "port",
			  session->client_port, "listener", text_or_null(listener), "since",
			  report_time(session->started), "state", text_of(session->state), "tls",
			  session->tls, "backend", session->backend, "helo",
			  text_or_null(session->helo), "login", text_or_null(session->login),
			  "sender", text_or_null(session->sender), "recipients",
			  (int)session->recipients, "messages", (int)session->messages, "bytes",
			  (json_int_t)session->bytes));
}

json_t *report_sessions(const struct config *config, const struct gate *gate)
{
	struct session_list list = {.gate = &config->gate, .array = json_array()};

	if (list.array)
		gate_sessions(gate, append_session, &list);
	return json_pack("{s:i, s:o}", "schema", MXF_JSON_SCHEMA, "sessions", list.array);
}

bool smtp_record_is_event(const struct mxf_gate_record *record)
{
	return record->kind < MXF_RECORD_COUNT && kind_words[record->kind];
}

static const char *result_word(const struct mxf_gate_record *record)
{
	if (record->kind == MXF_RECORD_LOGIN && record->result < MXF_AUTH_RESULT_COUNT)
		return smtp_auth_words[record->result];
	if (record->kind == MXF_RECORD_BACKEND && record->result < MXF_BACKEND_ERROR_COUNT)
		return smtp_backend_words[record->result];
	return "";
}

json_t *report_smtp_event(const struct mxf_gate_record *record, const char *origin)
{
	bool decided = record->decided && record->rule < MXF_RULE_COUNT;
	char number[32];

	snprintf(number, sizeof(number), "%llx", (unsigned long long)record->session);
	return json_pack(
		"{s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:I}",
		"time", report_time(record->time), "smtp", kind_words[record->kind], "session",
		number, "client",
		record->client_family ? report_address(record->client, record->client_family)
				      : json_null(),
		"command", text_or_null(record->command), "from",
		record->has_sender ? text_of(record->sender) : json_null(), "to",
		text_or_null(record->recipient), "helo", text_or_null(record->helo), "login",
		text_or_null(record->login), "answer", record->code, "enhanced",
		text_or_null(record->enhanced), "text", text_or_null(record->text), "rule",
		decided ? json_string(smtp_rule_words[record->rule]) : json_null(), "origin",
		text_or_null(origin), "result", text_or_null(result_word(record)), "bytes",
		(json_int_t)record->bytes);
}
