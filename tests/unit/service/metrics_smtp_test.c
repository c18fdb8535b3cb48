// SPDX-License-Identifier: GPL-2.0-only
/* The gate's counters as Prometheus reads them. The gate is played: it tells what the test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "service/metrics_internal.h"

struct gate {
	struct gate_state state;
	struct mxf_gate_counters counters;
};

void gate_state(const struct gate *gate, struct gate_state *state)
{
	*state = gate->state;
}

void gate_counters(const struct gate *gate, struct mxf_gate_counters *sums)
{
	*sums = gate->counters;
}

#define HEAD(name, type, help) "# HELP " name " " help "\n# TYPE " name " " type "\n"
#define SESSIONS_HEAD                                                                              \
	HEAD("mxfence_smtp_sessions_total", "counter",                                             \
	     "SMTP sessions that have ended, by how they did.")
#define DECISIONS_HEAD                                                                             \
	HEAD("mxfence_smtp_decisions_total", "counter",                                            \
	     "Decisions about recipients, by the rule that answered.")
#define AUTH_HEAD HEAD("mxfence_auth_total", "counter", "Login attempts.")
#define ERRORS_HEAD                                                                                \
	HEAD("mxfence_backend_errors_total", "counter", "Backend connections that failed.")
#define SECONDS_HEAD                                                                               \
	HEAD("mxfence_backend_seconds", "histogram",                                               \
	     "Time until a backend was ready for a message.")
#define LOST_HEAD                                                                                  \
	HEAD("mxfence_smtp_records_lost_total", "counter",                                         \
	     "Log records of the gate that found no room.")
#define NOW_HEAD HEAD("mxfence_smtp_sessions", "gauge", "SMTP sessions now.")

/* What a listener named mx and backends named in, and "\, have told. */
#define SESSIONS                                                                                   \
	SESSIONS_HEAD                                                                              \
	"mxfence_smtp_sessions_total{listener=\"mx\",result=\"quit\"} 1\n"                         \
	"mxfence_smtp_sessions_total{listener=\"mx\",result=\"closed\"} 2\n"                       \
	"mxfence_smtp_sessions_total{listener=\"mx\",result=\"limit\"} 3\n"                        \
	"mxfence_smtp_sessions_total{listener=\"mx\",result=\"timeout\"} 4\n"                      \
	"mxfence_smtp_sessions_total{listener=\"mx\",result=\"protocol\"} 5\n"                     \
	"mxfence_smtp_sessions_total{listener=\"mx\",result=\"tls\"} 6\n"                          \
	"mxfence_smtp_sessions_total{listener=\"mx\",result=\"backend\"} 7\n"                      \
	"mxfence_smtp_sessions_total{listener=\"mx\",result=\"stopped\"} 18446744073709551615\n"
#define DECISIONS                                                                                  \
	DECISIONS_HEAD                                                                             \
	"mxfence_smtp_decisions_total{rule=\"accept\",answer=\"250\"} 9\n"                         \
	"mxfence_smtp_decisions_total{rule=\"recipient-form\",answer=\"501\"} 8\n"                 \
	"mxfence_smtp_decisions_total{rule=\"recipient-form\",answer=\"550\"} 7\n"                 \
	"mxfence_smtp_decisions_total{rule=\"recipient-unknown\",answer=\"553\"} 6\n"
#define AUTH                                                                                       \
	AUTH_HEAD                                                                                  \
	"mxfence_auth_total{source=\"dovecot\",result=\"ok\"} 21\n"                                \
	"mxfence_auth_total{source=\"dovecot\",result=\"failed\"} 22\n"                            \
	"mxfence_auth_total{source=\"dovecot\",result=\"error\"} 23\n"
#define ERRORS_OF(name, connect, refused)                                                          \
	"mxfence_backend_errors_total{backend=\"" name "\",kind=\"connect\"} " connect "\n"        \
	"mxfence_backend_errors_total{backend=\"" name "\",kind=\"timeout\"} 0\n"                  \
	"mxfence_backend_errors_total{backend=\"" name "\",kind=\"closed\"} 0\n"                   \
	"mxfence_backend_errors_total{backend=\"" name "\",kind=\"protocol\"} 0\n"                 \
	"mxfence_backend_errors_total{backend=\"" name "\",kind=\"tls\"} 0\n"                      \
	"mxfence_backend_errors_total{backend=\"" name "\",kind=\"refused\"} " refused "\n"
#define ERRORS ERRORS_HEAD ERRORS_OF("in", "31", "32") ERRORS_OF("\\\"\\\\", "0", "33")
#define BUCKET(name, le, count)                                                                    \
	"mxfence_backend_seconds_bucket{backend=\"" name "\",le=\"" le "\"} " count "\n"
/* One in each bucket: each has those before as well. */
#define SECONDS_IN                                                                                 \
	BUCKET("in", "0.001", "1")                                                                 \
	BUCKET("in", "0.002", "2")                                                                 \
	BUCKET("in", "0.005", "3")                                                                 \
	BUCKET("in", "0.01", "4")                                                                  \
	BUCKET("in", "0.025", "5")                                                                 \
	BUCKET("in", "0.1", "6")                                                                   \
	BUCKET("in", "0.5", "7")                                                                   \
	BUCKET("in", "2.5", "8")                                                                   \
	BUCKET("in", "10", "9")                                                                    \
	BUCKET("in", "60", "10")                                                                   \
	BUCKET("in", "+Inf", "11")                                                                 \
	"mxfence_backend_seconds_sum{backend=\"in\"} 73.143\n"                                     \
	"mxfence_backend_seconds_count{backend=\"in\"} 11\n"
#define BUCKET_NONE(le) BUCKET("\\\"\\\\", le, "0")
#define SECONDS_OTHER                                                                              \
	BUCKET_NONE("0.001")                                                                       \
	BUCKET_NONE("0.002")                                                                       \
	BUCKET_NONE("0.005")                                                                       \
	BUCKET_NONE("0.01")                                                                        \
	BUCKET_NONE("0.025")                                                                       \
	BUCKET_NONE("0.1")                                                                         \
	BUCKET_NONE("0.5")                                                                         \
	BUCKET_NONE("2.5")                                                                         \
	BUCKET_NONE("10")                                                                          \
	BUCKET_NONE("60")                                                                          \
	BUCKET_NONE("+Inf")                                                                        \
	"mxfence_backend_seconds_sum{backend=\"\\\"\\\\\"} 0.000\n"                                \
	"mxfence_backend_seconds_count{backend=\"\\\"\\\\\"} 0\n"

static struct gate_listener listeners[] = {{.name = "mx"}};
static struct gate_backend backends[] = {{.name = "in"}, {.name = "\"\\"}};

static struct config config_with(enum auth_source auth)
{
	return (struct config){.has_gate = true,
			       .gate = {.listeners = listeners,
					.listener_count = 1,
					.backends = backends,
					.backend_count = 2,
					.auth = {.source = auth}}};
}

static const struct gate busy = {
	.state = {.enabled = true, .sessions = 5},
	.counters = {.sessions = {{1, 2, 3, 4, 5, 6, 7, UINT64_MAX}},
		     .decisions = {[MXF_RULE_ACCEPT] = {9},
				   [MXF_RULE_RECIPIENT_FORM] = {0, 8, 0, 7},
				   [MXF_RULE_RECIPIENT_UNKNOWN] = {0, 0, 0, 0, 6}},
		     .auth = {21, 22, 23},
		     .backend_errors = {{[MXF_BACKEND_CONNECT] = 31, [MXF_BACKEND_REFUSED] = 32},
					{[MXF_BACKEND_REFUSED] = 33}},
		     .backend_buckets = {{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		     .backend_milliseconds = {73143},
		     .records_lost = 41}};

static void assert_text(const struct config *config, const struct gate *gate, const char *wanted)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	metrics_write_gate(out, config, gate);
	fclose(out);
	assert_string_equal(text, wanted);
	free(text);
}

static void test_all(void **state)
{
	struct config config = config_with(AUTH_DOVECOT);

	(void)state;
	assert_text(&config, &busy,
		    NOW_HEAD "mxfence_smtp_sessions 5\n" SESSIONS DECISIONS AUTH ERRORS SECONDS_HEAD
			    SECONDS_IN SECONDS_OTHER LOST_HEAD
			     "mxfence_smtp_records_lost_total 41\n");
}

/* A gate that has done nothing has its metrics all the same, but for those that nobody could name.
 */
static void test_idle(void **state)
{
	const struct gate idle = {.state = {.enabled = true}};
	struct config config = config_with(AUTH_NONE);

	(void)state;
	config.gate.listener_count = 0;
	config.gate.backend_count = 0;
	assert_text(&config, &idle,
		    NOW_HEAD "mxfence_smtp_sessions 0\n" SESSIONS_HEAD DECISIONS_HEAD AUTH_HEAD
			    ERRORS_HEAD SECONDS_HEAD LOST_HEAD
			     "mxfence_smtp_records_lost_total 0\n");
}

static void test_no_gate(void **state)
{
	struct config config = config_with(AUTH_NONE);
	struct gate stopping = busy;

	(void)state;
	stopping.state.enabled = false;
	assert_text(&config, &stopping, "");
	config.has_gate = false;
	assert_text(&config, &busy, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_no_gate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
