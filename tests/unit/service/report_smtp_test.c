// SPDX-License-Identifier: GPL-2.0-only
/* What the gate tells, as JSON. The gate is played: it tells what the test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mxfence/reasons.h"
#include "service/report_smtp.h"

struct gate {
	struct gate_state state;
	struct mxf_gate_counters counters;
	const struct mxf_gate_session *sessions;
	uint32_t session_count;
};

void gate_state(const struct gate *gate, struct gate_state *state)
{
	*state = gate->state;
}

void gate_counters(const struct gate *gate, struct mxf_gate_counters *sums)
{
	*sums = gate->counters;
}

uint32_t gate_sessions(const struct gate *gate, gate_session_fn *fn, void *context)
{
	for (uint32_t i = 0; i < gate->session_count; i++)
		fn(context, &gate->sessions[i]);
	return gate->session_count;
}

static struct gate_endpoint servers[] = {
	{.family = MXF_FAMILY_IPV4, .ip = {.lo = 0xc0000205}, .port = 25},
	{.family = MXF_FAMILY_IPV6, .ip = {.hi = 0x20010db800000000, .lo = 5}, .port = 2525},
};
static struct gate_backend backends[] = {
	{.name = "spare"},
	{.name = "inside", .servers = servers, .server_count = 2},
};
static struct gate_listener listeners[] = {
	{.name = "mx",
	 .endpoint = {.family = MXF_FAMILY_IPV4, .port = 25},
	 .role = ROLE_MX,
	 .backend = 1,
	 .tls = LISTENER_TLS_OPTIONAL},
	{.name = "sub",
	 .endpoint = {.family = MXF_FAMILY_IPV6, .ip = {.lo = 1}, .port = 465},
	 .role = ROLE_SUBMISSION,
	 .tls = LISTENER_TLS_IMPLICIT,
	 .auth = LISTENER_AUTH_REQUIRED},
};
static const struct config config = {.has_gate = true,
				     .gate = {.listeners = listeners,
					      .listener_count = 2,
					      .backends = backends,
					      .backend_count = 2}};

/* `wanted` is JSON with ' for ". Takes `got`. */
static void assert_json(json_t *got, const char *wanted)
{
	char *text = strdup(wanted), *shown;
	json_t *parsed;

	for (char *at = text; *at; at++)
		if (*at == '\'')
			*at = '"';
	parsed = json_loads(text, JSON_DECODE_ANY, NULL);
	assert_non_null(parsed);
	assert_non_null(got);
	if (!json_equal(got, parsed)) {
		shown = json_dumps(got, JSON_ENCODE_ANY | JSON_SORT_KEYS);
		fail_msg("%s", shown);
	}
	json_decref(parsed);
	json_decref(got);
	free(text);
}

static void test_gate(void **state)
{
	const struct gate gate = {
		.state =
			{.enabled = true, .workers = 2, .retiring = 3, .crashes = 4, .sessions = 5},
		.counters = {.messages = 6000000000, .backend_errors = {{0}, {1, 2, 3, 4, 5, 6}}}};

	(void)state;
	assert_json(report_gate(&config, &gate),
		    "{'listeners': ["
		    "{'name': 'mx', 'address': '0.0.0.0', 'port': 25, 'role': 'mx',"
		    " 'tls': 'optional', 'auth': 'off', 'backend': 'inside'},"
		    "{'name': 'sub', 'address': '::1', 'port': 465, 'role': 'submission',"
		    " 'tls': 'implicit', 'auth': 'required', 'backend': 'spare'}],"
		    "'backends': [{'name': 'spare', 'servers': [], 'errors': 0},"
		    "{'name': 'inside', 'servers': ['192.0.2.5:25', '[2001:db8::5]:2525'],"
		    " 'errors': 21}],"
		    "'workers': 2, 'retiring': 3, 'crashes': 4, 'sessions': 5,"
		    "'messages': 6000000000}");
}

static void test_no_gate(void **state)
{
	const struct config none = {.has_gate = false};
	const struct gate running = {.state = {.enabled = true}}, stopping = {.session_count = 0};

	(void)state;
	assert_json(report_gate(&none, &running), "null");
	assert_json(report_gate(&config, &stopping), "null");
	assert_json(report_sessions(&none, &stopping), "{'schema': 1, 'sessions': []}");
}

/* 2026-01-01T12:00:00Z */
#define NOON 1767268800000000000u

/* The second one is as a worker gone wild might have it: a listener that is none, texts of bytes.
 */
static void test_sessions(void **state)
{
	const struct mxf_gate_session sessions[] = {
		{.session = 0xab12,
		 .started = NOON,
		 .client = {0, 0, 0, 0xc0000201},
		 .client_family = MXF_FAMILY_IPV4,
		 .client_port = 40000,
		 .listener = 1,
		 .tls = 1,
		 .backend = 1,
		 .recipients = 2,
		 .messages = 3,
		 .bytes = 5000000000,
		 .state = "data",
		 .helo = "client.example",
		 .login = "jane",
		 .sender = "jane@example.com"},
		{.session = UINT64_MAX,
		 .started = NOON,
		 .client = {0x20010db8, 0, 0, 7},
		 .client_family = MXF_FAMILY_IPV6,
		 .client_port = 1,
		 .listener = UINT16_MAX,
		 .state = "command",
		 .helo = "a\xff\x1b"},
	};
	const struct gate gate = {.sessions = sessions, .session_count = 2};

	(void)state;
	assert_json(report_sessions(&config, &gate),
		    "{'schema': 1, 'sessions': ["
		    "{'session': 'ab12', 'client': '192.0.2.1', 'port': 40000, 'listener': 'sub',"
		    " 'since': '2026-01-01T12:00:00Z', 'state': 'data', 'tls': true,"
		    " 'backend': true, 'helo': 'client.example', 'login': 'jane',"
		    " 'sender': 'jane@example.com', 'recipients': 2, 'messages': 3,"
		    " 'bytes': 5000000000},"
		    "{'session': 'ffffffffffffffff', 'client': '2001:db8::7', 'port': 1,"
		    " 'listener': null, 'since': '2026-01-01T12:00:00Z', 'state': 'command',"
		    " 'tls': false, 'backend': false, 'helo': 'a?\\u001b', 'login': null,"
		    " 'sender': null, 'recipients': 0, 'messages': 0, 'bytes': 0}]}");
}

static void test_what_is_an_event(void **state)
{
	(void)state;
	for (int kind = 0; kind < 256; kind++) {
		const struct mxf_gate_record record = {.kind = (uint8_t)kind};

		assert_int_equal(smtp_record_is_event(&record),
				 kind < MXF_RECORD_COUNT && kind != MXF_RECORD_END);
	}
}

#define CLIENT                                                                                     \
	.time = NOON, .session = 0xab12, .client = {0, 0, 0, 0xc0000201},                          \
	.client_family = MXF_FAMILY_IPV4, .helo = "mx.example.net"
#define CLIENT_JSON                                                                                \
	"'time': '2026-01-01T12:00:00Z', 'session': 'ab12', 'client': '192.0.2.1',"                \
	"'helo': 'mx.example.net',"

struct event_case {
	struct mxf_gate_record record;
	const char *origin, *json;
};

static const struct event_case events[] = {
	{{CLIENT, .kind = MXF_RECORD_REFUSED, .command = "RCPT", .code = 550, .enhanced = "5.7.1",
	  .text = "Unable to relay", .has_sender = 1, .recipient = "b@other.example", .decided = 1,
	  .rule = MXF_RULE_RELAY},
	 "mxfence.yaml:12",
	 "{" CLIENT_JSON "'smtp': 'refused', 'command': 'RCPT', 'from': '',"
	 "'to': 'b@other.example', 'login': null, 'answer': 550, 'enhanced': '5.7.1',"
	 "'text': 'Unable to relay', 'rule': 'relay', 'origin': 'mxfence.yaml:12',"
	 "'result': null, 'bytes': 0}"},
	{{CLIENT, .kind = MXF_RECORD_MESSAGE, .code = 250, .enhanced = "2.0.0", .text = "Queued",
	  .has_sender = 1, .sender = "a@b.example", .login = "jane", .bytes = 5000000000},
	 "",
	 "{" CLIENT_JSON "'smtp': 'message', 'command': null, 'from': 'a@b.example', 'to': null,"
	 "'login': 'jane', 'answer': 250, 'enhanced': '2.0.0', 'text': 'Queued', 'rule': null,"
	 "'origin': null, 'result': null, 'bytes': 5000000000}"},
	{{CLIENT, .kind = MXF_RECORD_LOGIN, .result = MXF_AUTH_FAILED, .login = "jane",
	  .code = 535},
	 "",
	 "{" CLIENT_JSON "'smtp': 'login', 'command': null, 'from': null, 'to': null,"
	 "'login': 'jane', 'answer': 535, 'enhanced': null, 'text': null, 'rule': null,"
	 "'origin': null, 'result': 'failed', 'bytes': 0}"},
	/* A probe: nobody's session. */
	{{.time = NOON, .kind = MXF_RECORD_BACKEND, .result = MXF_BACKEND_TIMEOUT},
	 "",
	 "{'time': '2026-01-01T12:00:00Z', 'session': '0', 'client': null, 'helo': null,"
	 "'smtp': 'backend', 'command': null, 'from': null, 'to': null, 'login': null,"
	 "'answer': 0, 'enhanced': null, 'text': null, 'rule': null, 'origin': null,"
	 "'result': 'timeout', 'bytes': 0}"},
	/* Numbers that are out of every table, and what a client may send. */
	{{CLIENT, .kind = MXF_RECORD_ACCEPTED, .decided = 1, .rule = 255, .result = 255,
	  .recipient = "\"\xff\n"},
	 "",
	 "{" CLIENT_JSON "'smtp': 'accepted', 'command': null, 'from': null,"
	 "'to': '\\u0022?\\u000a', 'login': null, 'answer': 0, 'enhanced': null,"
	 "'text': null, 'rule': null, 'origin': null, 'result': null, 'bytes': 0}"},
	{{CLIENT, .kind = MXF_RECORD_LOGIN, .result = 255},
	 "",
	 "{" CLIENT_JSON "'smtp': 'login', 'command': null, 'from': null, 'to': null,"
	 "'login': null, 'answer': 0, 'enhanced': null, 'text': null, 'rule': null,"
	 "'origin': null, 'result': null, 'bytes': 0}"},
};

static void test_events(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		assert_json(report_smtp_event(&events[i].record, events[i].origin), events[i].json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gate),	 cmocka_unit_test(test_no_gate),
		cmocka_unit_test(test_sessions), cmocka_unit_test(test_what_is_an_event),
		cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
