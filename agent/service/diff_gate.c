// SPDX-License-Identifier: GPL-2.0-only
#include "service/diff_gate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/range.h"
#include "core/scoped.h"
#include "service/report.h"

/* Lists are told whole up to here. */
#define LIST_TEXT_MAX 200

static const char *const roles[] = {[ROLE_MX] = "mx", [ROLE_SUBMISSION] = "submission"};
static const char *const listener_tls[] = {
	[LISTENER_TLS_OFF] = "off",
	[LISTENER_TLS_OPTIONAL] = "optional",
	[LISTENER_TLS_REQUIRED] = "required",
	[LISTENER_TLS_IMPLICIT] = "implicit",
};
static const char *const listener_auth[] = {
	[LISTENER_AUTH_OFF] = "off",
	[LISTENER_AUTH_OPTIONAL] = "optional",
	[LISTENER_AUTH_REQUIRED] = "required",
};
static const char *const backend_tls[] = {
	[BACKEND_TLS_OFF] = "off",
	[BACKEND_TLS_OPTIONAL] = "optional",
	[BACKEND_TLS_REQUIRED] = "required",
	[BACKEND_TLS_VERIFY] = "verify",
};
static const char *const client_addresses[] = {
	[CLIENT_NONE] = "none",
	[CLIENT_XCLIENT] = "xclient",
	[CLIENT_PROXY_V1] = "proxy-v1",
	[CLIENT_PROXY_V2] = "proxy-v2",
};
static const char *const auth_sources[] = {
	[AUTH_NONE] = "none",
	[AUTH_BACKEND] = "backend",
	[AUTH_FILE] = "file",
	[AUTH_DOVECOT] = "dovecot",
};
static const char *const recipients_sources[] = {
	[RECIPIENTS_ANY] = "any",
	[RECIPIENTS_FILE] = "file",
	[RECIPIENTS_BACKEND] = "backend",
};

/* A list while it is told; its checksum is FNV-1a's. */
struct listing {
	char text[LIST_TEXT_MAX + 64];
	size_t size;
	size_t count;
	uint64_t checksum;
	bool is_long;
};

static void listing_begin(struct listing *listing)
{
	*listing = (struct listing){.checksum = 0xcbf29ce484222325u};
}

static void listing_add(struct listing *listing, const char *text, size_t size)
{
	const char *between = listing->count++ ? ", " : "";

	for (size_t i = 0; i <= size; i++)
		listing->checksum = (listing->checksum ^ (i < size ? (unsigned char)text[i] : 0)) *
				    0x100000001b3u;
	listing->is_long |= listing->size + strlen(between) + size > LIST_TEXT_MAX;
	if (!listing->is_long)
		listing->size += (size_t)sprintf(listing->text + listing->size, "%s%.*s", between,
						 (int)size, text);
}

static const char *listing_text(struct listing *listing)
{
	if (listing->is_long)
		snprintf(listing->text, sizeof(listing->text),
			 "%zu entries (checksum %016" PRIx64 ")", listing->count,
			 listing->checksum);
	return listing->text;
}

static void listing_add_texts(struct listing *listing, const struct gate_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		listing_add(listing, texts->items[i].text, texts->items[i].size);
}

static void listing_add_ranges(struct listing *listing, const struct gate_ranges *ranges)
{
	char text[RANGE_TEXT_MAX];

	for (size_t i = 0; i < ranges->count; i++)
		listing_add(listing, text, range_format(&ranges->items[i], text));
}

static void listing_add_endpoint(struct listing *listing, const struct gate_endpoint *endpoint)
{
	char address[RANGE_TEXT_MAX], text[RANGE_TEXT_MAX + 16];

	ip_format(endpoint->ip, endpoint->family, address);
	listing_add(listing, text,
		    (size_t)snprintf(text, sizeof(text),
				     endpoint->family == MXF_FAMILY_IPV6 ? "[%s]:%u" : "%s:%u",
				     address, endpoint->port));
}

/* One setting; `name` may be NULL. */
static void set(json_t *settings, const char *key, const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void set(json_t *settings, const char *key, const char *name, const char *format, ...)
{
	SCOPED_FREE char *path = NULL;
	SCOPED_FREE char *text = NULL;
	va_list arguments;
	int size;

	if (asprintf(&path, "gate.%s%s%s", key, name ? "." : "", name ? name : "") < 0)
		path = NULL;
	va_start(arguments, format);
	size = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (size < 0)
		text = NULL;
	if (path && text)
		json_object_set_new_nocheck(settings, path, report_text(text, (size_t)size));
}

static void set_texts(json_t *settings, const char *key, const char *name,
		      const struct gate_texts *texts)
{
	struct listing listing;

	listing_begin(&listing);
	listing_add_texts(&listing, texts);
	set(settings, key, name, "%s", listing_text(&listing));
}

static void set_ranges(json_t *settings, const char *key, const char *name,
		       const struct gate_ranges *ranges)
{
	struct listing listing;

	listing_begin(&listing);
	listing_add_ranges(&listing, ranges);
	set(settings, key, name, "%s", listing_text(&listing));
}

static void set_listeners(json_t *settings, const struct gate_config *gate)
{
	for (size_t i = 0; i < gate->listener_count; i++) {
		const struct gate_listener *listener = &gate->listeners[i];
		struct listing endpoint;

		listing_begin(&endpoint);
		listing_add_endpoint(&endpoint, &listener->endpoint);
		set(settings, "listeners", listener->name,
		    "%s, role %s, backend %s, tls %s, auth %s%s", endpoint.text,
		    roles[listener->role], gate->backends[listener->backend].name,
		    listener_tls[listener->tls], listener_auth[listener->auth],
		    listener->auth_without_tls ? " (without TLS too)" : "");
		if (listener->proxy_from.count)
			set_ranges(settings, "proxy-from", listener->name, &listener->proxy_from);
	}
}

static void set_backends(json_t *settings, const struct gate_config *gate)
{
	for (size_t i = 0; i < gate->backend_count; i++) {
		const struct gate_backend *backend = &gate->backends[i];
		struct listing servers;

		listing_begin(&servers);
		for (size_t k = 0; k < backend->server_count; k++)
			listing_add_endpoint(&servers, &backend->servers[k]);
		set(settings, "backends", backend->name, "%s, tls %s%s%s%s%s, client-address %s",
		    listing_text(&servers), backend_tls[backend->tls],
		    backend->tls_name ? " of " : "", backend->tls_name ? backend->tls_name : "",
		    backend->ca_file ? " by " : "", backend->ca_file ? backend->ca_file : "",
		    client_addresses[backend->client_address]);
	}
}

static void set_tls(json_t *settings, const struct gate_tls *tls)
{
	struct listing files;

	listing_begin(&files);
	for (size_t i = 0; i < tls->certificate_count; i++) {
		const struct gate_certificate *pair = &tls->certificates[i];

		listing_add(&files, pair->certificate, strlen(pair->certificate));
		listing_add(&files, pair->key, strlen(pair->key));
	}
	set(settings, "tls.certificates", NULL, "%s", listing_text(&files));
	set(settings, "tls.min-version", NULL, tls->min_version == TLS_1_3 ? "1.3" : "1.2");
}

static void set_auth(json_t *settings, const struct gate_auth *auth)
{
	const char *where = auth->file ? auth->file : auth->socket;

	set(settings, "auth.source", NULL, "%s%s%s", auth_sources[auth->source], where ? " " : "",
	    where ? where : "");
	set(settings, "auth.mechanisms", NULL, "%s%s%s",
	    auth->mechanisms & AUTH_PLAIN ? "PLAIN" : "",
	    auth->mechanisms == (AUTH_PLAIN | AUTH_LOGIN) ? ", " : "",
	    auth->mechanisms & AUTH_LOGIN ? "LOGIN" : "");
}

static void set_relay(json_t *settings, const struct gate_relay *relay)
{
	set(settings, "relay.authenticated", NULL, relay->authenticated ? "yes" : "no");
	set_ranges(settings, "relay.from", NULL, &relay->from);
	set_ranges(settings, "relay.to-local", NULL, &relay->to_local);
	set_ranges(settings, "relay.never", NULL, &relay->never);
}

static void set_groups(json_t *settings, const struct gate_config *gate)
{
	for (size_t i = 0; i < gate->group_count; i++) {
		const struct gate_group *group = &gate->groups[i];

		set_texts(settings, "groups", group->name, &group->members);
		if (group->include.count)
			set_texts(settings, "include", group->name, &group->include);
	}
}

/* By their number: a group may have several. */
static void set_restricts(json_t *settings, const struct gate_config *gate)
{
	for (size_t i = 0; i < gate->restrict_count; i++) {
		const struct gate_restrict *entry = &gate->restricts[i];
		struct listing allow;
		char number[24];

		listing_begin(&allow);
		listing_add_texts(&allow, &entry->allow);
		snprintf(number, sizeof(number), "%zu", i + 1);
		set(settings, "restrict", number, "group %s, send %s, receive %s%s%s%s",
		    entry->group_name, entry->send == SEND_INTERNAL ? "internal" : "any",
		    entry->receive == RECEIVE_AUTHENTICATED ? "authenticated" : "any",
		    entry->hide ? ", hidden" : "", entry->allow.count ? ", allow " : "",
		    listing_text(&allow));
	}
}

static void set_senders(json_t *settings, const struct gate_senders *senders)
{
	struct listing logins;

	listing_begin(&logins);
	for (size_t i = 0; i < senders->login_count; i++) {
		listing_add(&logins, senders->logins[i].name.text, senders->logins[i].name.size);
		listing_add_texts(&logins, &senders->logins[i].addresses);
	}
	set(settings, "senders.spoof", NULL, senders->spoof == SPOOF_REJECT ? "reject" : "accept");
	set(settings, "senders.login-map", NULL, "%s", listing_text(&logins));
}

static void set_limits(json_t *settings, const char *key, const struct limits *limits)
{
	for (size_t i = 0; i < LIMIT_LIMITS; i++)
		if (limit_rows[i].kind == LIMIT_RATE)
			set(settings, key, limit_rows[i].key, "%" PRId64 "/%us", limits->values[i],
			    limits->rate_seconds);
		else
			set(settings, key, limit_rows[i].key, "%" PRId64, limits->values[i]);
}

void diff_gate_settings(const struct gate_config *gate, json_t *settings)
{
	set(settings, "hostname", NULL, "%s", gate->hostname);
	set_texts(settings, "domains", NULL, &gate->domains);
	if (gate->workers)
		set(settings, "workers", NULL, "%zu", gate->workers);
	set_listeners(settings, gate);
	set_backends(settings, gate);
	set_tls(settings, &gate->tls);
	set_auth(settings, &gate->auth);
	set(settings, "recipients.source", NULL, "%s", recipients_sources[gate->recipients.source]);
	set_texts(settings, "recipients.file", NULL, &gate->recipients.entries);
	set_relay(settings, &gate->relay);
	set_groups(settings, gate);
	set_restricts(settings, gate);
	set_senders(settings, &gate->senders);
	set_limits(settings, "limits", &gate->limits);
	set_limits(settings, "limits-internal", &gate->limits_internal);
	set_ranges(settings, "limits.bare-newline.normalise", NULL, &gate->normalise);
}
