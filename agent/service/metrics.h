/* SPDX-License-Identifier: GPL-2.0-only */
/* The counters in Prometheus' text format (version 0.0.4), and the HTTP server that shows them. */
#ifndef SERVICE_METRICS_H
#define SERVICE_METRICS_H

#include <event2/event.h>

#include "fence/kernel.h"
#include "gate/gate.h"

/* What only the agent knows. */
struct metrics_agent {
	uint64_t config_hash;
	bool last_reload_success;
	bool unconfirmed; /* the files hold what was tried and is not in force */
	const char *version;
};

/* The whole text, newly allocated; NULL with the reason in *trouble. `fence` may be NULL. */
char *metrics_text(struct fence *fence, const struct config *config, const struct gate *gate,
		   const struct metrics_agent *agent, struct trouble *trouble);

/* `text` as a label's value: backslash, quote and line end escaped. Returns `out`. */
#define METRICS_LABEL_MAX 256
const char *metrics_escape_label(const char *text, char out[METRICS_LABEL_MAX]);

struct metrics_server;

/* Makes the text for a request, as metrics_text() does. */
typedef char *metrics_text_fn(void *context, struct trouble *trouble);

/*
 * Serves GET /metrics; 404 and 405 for everything else. Bounds: METRICS_CLIENTS_MAX connections, of
 * which the oldest makes room for a new one; METRICS_REQUEST_MAX bytes of a request;
 * METRICS_TIMEOUT_S seconds from accepting a connection to its end.
 */
#define METRICS_CLIENTS_MAX 32
#define METRICS_REQUEST_MAX 8192
#define METRICS_TIMEOUT_S 10
int metrics_server_open(struct event_base *base, const struct metrics_config *config,
			metrics_text_fn *fn, void *context, struct metrics_server **server,
			struct trouble *trouble);
void metrics_server_close(struct metrics_server **server);

#endif
