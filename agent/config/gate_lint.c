// SPDX-License-Identifier: GPL-2.0-only
#include "config/gate_lint.h"

#include <string.h>

static bool has_port(const uint16_t *ports, size_t count, uint16_t port)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i] == port)
			return true;
	return false;
}

static void lint_guarded(const struct config *config, const struct gate_listener *listener,
			 struct diags *diags)
{
	const struct filter_config *filter = &config->filter;
	uint16_t port = listener->endpoint.port;

	if (!config->has_filter ||
	    ip_is_loopback(listener->endpoint.ip, listener->endpoint.family) ||
	    has_port(filter->closed_ports, filter->closed_port_count, port) ||
	    has_port(filter->open_ports, filter->open_port_count, port))
		return;
	diags_add(diags, DIAG_WARNING, listener->endpoint.place,
		  "add it to filter.open-ports to keep denied and banned sources out",
		  "port %u of the listener %s is not guarded by the filter", port, listener->name);
}

/* A server that is one of our own listeners would get its mail from itself, again and again. */
static void lint_loop(const struct gate_config *gate, const struct gate_endpoint *server,
		      struct diags *diags)
{
	const struct ip any = {0};

	for (size_t i = 0; i < gate->listener_count; i++) {
		const struct gate_endpoint *own = &gate->listeners[i].endpoint;

		if (own->port == server->port && own->family == server->family &&
		    (ip_equal(own->ip, server->ip) ||
		     (ip_equal(own->ip, any) && ip_is_loopback(server->ip, server->family))))
			diags_add(diags, DIAG_ERROR, server->place, NULL,
				  "this server is the gate's own listener %s: mail would go round",
				  gate->listeners[i].name);
	}
}

static const struct range *trusted_range(const struct config *config,
					 const struct gate_endpoint *server)
{
	for (size_t i = 0; i < config->filter.list_count; i++) {
		const struct range_list *list = &config->filter.lists[i];

		for (size_t k = 0; list->action == LIST_TRUSTED && k < list->count; k++)
			if (list->ranges[k].family == server->family &&
			    range_holds(&list->ranges[k], server->ip))
				return &list->ranges[k];
	}
	return NULL;
}

static void lint_server(const struct config *config, const struct gate_endpoint *server,
			struct diags *diags)
{
	const struct gate_config *gate = &config->gate;
	const struct range *from = gate_ranges_find(&gate->relay.from, server->ip, server->family);
	const struct range *trusted;

	lint_loop(gate, server, diags);
	if (ip_is_loopback(server->ip, server->family))
		return;
	trusted = trusted_range(config, server);
	if (trusted)
		diags_add(diags, DIAG_WARNING, server->place,
			  "its own mail should leave by another way than it comes in",
			  "this server lies in a trusted range (%s:%u)",
			  sources_name(&config->sources, trusted->file), trusted->line);
	else if (from)
		diags_add(diags, DIAG_WARNING, server->place, NULL,
			  "this server may relay through the gate in front of it (%s:%u)",
			  sources_name(&config->sources, from->file), from->line);
}

static bool is_used(const struct gate_config *gate, size_t backend)
{
	for (size_t i = 0; i < gate->listener_count; i++)
		if (gate->listeners[i].backend == backend)
			return true;
	return false;
}

static void lint_backends(const struct config *config, struct diags *diags)
{
	const struct gate_config *gate = &config->gate;

	for (size_t i = 0; i < gate->backend_count; i++) {
		if (!is_used(gate, i))
			diags_add(diags, DIAG_WARNING, gate->backends[i].place, NULL,
				  "no listener uses the backend \"%s\"", gate->backends[i].name);
		for (size_t k = 0; k < gate->backends[i].server_count; k++)
			lint_server(config, &gate->backends[i].servers[k], diags);
	}
}

static bool takes_logins(const struct gate_config *gate)
{
	for (size_t i = 0; i < gate->listener_count; i++)
		if (gate->listeners[i].auth != LISTENER_AUTH_OFF)
			return true;
	return false;
}

static bool has_tls(const struct gate_config *gate)
{
	for (size_t i = 0; i < gate->listener_count; i++)
		if (gate->listeners[i].tls != LISTENER_TLS_OFF)
			return true;
	return false;
}

static void lint_without_effect(const struct gate_config *gate, struct diags *diags)
{
	bool logins = takes_logins(gate);
	bool internal = logins || gate->relay.from.count || gate->relay.to_local.count;

	if (gate->auth.source != AUTH_NONE && !logins)
		diags_add(diags, DIAG_WARNING, gate->auth.place,
			  "a listener takes them with auth: optional or required",
			  "no listener takes logins");
	if (gate->senders.has_login_map && !logins)
		diags_add(diags, DIAG_WARNING, gate->senders.place, NULL,
			  "the login map has no effect: no listener takes logins");
	if (gate->tls.certificate_count && !has_tls(gate))
		diags_add(diags, DIAG_WARNING, gate->tls.place,
			  "a listener offers it with tls: optional, required or implicit",
			  "no listener has TLS");
	if (memcmp(&gate->limits, &gate->limits_internal, sizeof(gate->limits)) != 0 && !internal)
		diags_add(diags, DIAG_WARNING, gate->place, NULL,
			  "limits-internal has no effect: no client can be internal");
	if (!gate->domains.count)
		diags_add(diags, DIAG_WARNING, gate->place,
			  "gate.domains says which domains mail comes in for",
			  "no domain is ours: everything is relaying");
}

void gate_lint(const struct config *config, bool forwards, struct diags *diags)
{
	const struct gate_config *gate = &config->gate;

	if (diags->errors)
		return;
	for (size_t i = 0; i < gate->listener_count; i++)
		lint_guarded(config, &gate->listeners[i], diags);
	lint_backends(config, diags);
	lint_without_effect(gate, diags);
	if (gate->relay.to_local.count && forwards)
		diags_add(
			diags, DIAG_WARNING, gate->relay.place,
			"whoever can route packets through this host reaches that address too",
			"relay.to-local permits relaying by address, and this host forwards packets");
}
