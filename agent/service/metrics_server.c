// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <string.h>

#include "core/log.h"
#include "core/scoped.h"
#include "service/metrics.h"

/* What a scraper sends is small; nothing here has a body. */
#define HEADERS_MAX 8192
#define BODY_MAX 0
#define TIMEOUT_S 10

struct metrics_server {
	struct evhttp *http;
	metrics_text_fn *fn;
	void *context;
};

static void serve_metrics(struct evhttp_request *request, void *context)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	struct metrics_server *server = context;
	SCOPED_FREE char *text = NULL;
	struct trouble trouble;

	if (evhttp_request_get_command(request) != EVHTTP_REQ_GET) {
		evhttp_add_header(headers, "Allow", "GET");
		evhttp_send_error(request, HTTP_BADMETHOD, NULL);
		return;
	}
	text = server->fn(server->context, &trouble);
	if (!text) {
		log_error("metrics: %s", trouble.text);
		evhttp_send_error(request, HTTP_INTERNAL, NULL);
		return;
	}
	evhttp_add_header(headers, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
	evbuffer_add(evhttp_request_get_output_buffer(request), text, strlen(text));
	evhttp_send_reply(request, HTTP_OK, "OK", NULL);
}

static void serve_nothing(struct evhttp_request *request, void *context)
{
	(void)context;
	evhttp_send_error(request, HTTP_NOTFOUND, NULL);
}

int metrics_server_open(struct event_base *base, const struct metrics_config *config,
			metrics_text_fn *fn, void *context, struct metrics_server **server,
			struct trouble *trouble)
{
	struct metrics_server *opened = calloc(1, sizeof(*opened));

	if (opened)
		opened->http = evhttp_new(base);
	if (!opened || !opened->http) {
		free(opened);
		return trouble_set(trouble, -ENOMEM, "out of memory");
	}
	opened->fn = fn;
	opened->context = context;
	/* All methods come to the handlers, which know better than evhttp what is allowed. */
	evhttp_set_allowed_methods(opened->http, UINT16_MAX);
	evhttp_set_max_headers_size(opened->http, HEADERS_MAX);
	evhttp_set_max_body_size(opened->http, BODY_MAX);
	evhttp_set_timeout(opened->http, TIMEOUT_S);
	evhttp_set_cb(opened->http, "/metrics", serve_metrics, opened);
	evhttp_set_gencb(opened->http, serve_nothing, opened);
	errno = 0;
	if (evhttp_bind_socket(opened->http, config->address, config->port)) {
		int error = errno ? -errno : -EADDRNOTAVAIL;

		metrics_server_close(&opened);
		return trouble_set(trouble, error, "metrics: cannot listen on %s port %u: %s",
				   config->address, config->port, strerror(-error));
	}
	*server = opened;
	return 0;
}

void metrics_server_close(struct metrics_server **server)
{
	struct metrics_server *closing = TAKE_PTR(*server);

	if (!closing)
		return;
	evhttp_free(closing->http);
	free(closing);
}
