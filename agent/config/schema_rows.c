// SPDX-License-Identifier: GPL-2.0-only
/* Every key of the configuration. */
#include <stddef.h>

#include "config/reader.h"

static const struct schema_choice attach_choices[] = {
	{"native", MXF_ATTACH_NATIVE}, {"generic", MXF_ATTACH_GENERIC}, {NULL, 0}};
static const struct schema_choice mode_choices[] = {
	{"enforce", FILTER_ENFORCE}, {"observe", FILTER_OBSERVE}, {NULL, 0}};
static const struct schema_choice answer_choices[] = {
	{"silent", FILTER_SILENT}, {"reset", FILTER_RESET}, {NULL, 0}};
static const struct schema_choice on_stop_choices[] = {
	{"keep", FILTER_KEEP}, {"detach", FILTER_DETACH}, {NULL, 0}};
static const struct schema_choice boolean_choices[] = {
	{"true", true}, {"false", false}, {"yes", true}, {"no", false}, {NULL, 0}};
static const struct schema_choice target_choices[] = {
	{"auto", LOG_AUTO}, {"stderr", LOG_STDERR}, {"syslog", LOG_SYSLOG}, {NULL, 0}};
static const struct schema_choice level_choices[] = {{"error", LOG_LEVEL_ERROR},
						     {"warning", LOG_LEVEL_WARNING},
						     {"info", LOG_LEVEL_INFO},
						     {"debug", LOG_LEVEL_DEBUG},
						     {NULL, 0}};

static const struct schema_choice role_choices[] = {
	{"mx", ROLE_MX}, {"submission", ROLE_SUBMISSION}, {NULL, 0}};
static const struct schema_choice listener_tls_choices[] = {{"off", LISTENER_TLS_OFF},
							    {"optional", LISTENER_TLS_OPTIONAL},
							    {"required", LISTENER_TLS_REQUIRED},
							    {"implicit", LISTENER_TLS_IMPLICIT},
							    {NULL, 0}};
static const struct schema_choice listener_auth_choices[] = {{"off", LISTENER_AUTH_OFF},
							     {"optional", LISTENER_AUTH_OPTIONAL},
							     {"required", LISTENER_AUTH_REQUIRED},
							     {NULL, 0}};
static const struct schema_choice client_address_choices[] = {{"none", CLIENT_NONE},
							      {"xclient", CLIENT_XCLIENT},
							      {"proxy-v1", CLIENT_PROXY_V1},
							      {"proxy-v2", CLIENT_PROXY_V2},
							      {NULL, 0}};
static const struct schema_choice backend_tls_choices[] = {{"off", BACKEND_TLS_OFF},
							   {"optional", BACKEND_TLS_OPTIONAL},
							   {"required", BACKEND_TLS_REQUIRED},
							   {"verify", BACKEND_TLS_VERIFY},
							   {NULL, 0}};
static const struct schema_choice version_choices[] = {
	{"1.2", TLS_1_2}, {"1.3", TLS_1_3}, {NULL, 0}};
static const struct schema_choice auth_source_choices[] = {{"none", AUTH_NONE},
							   {"backend", AUTH_BACKEND},
							   {"file", AUTH_FILE},
							   {"dovecot", AUTH_DOVECOT},
							   {NULL, 0}};
static const struct schema_choice recipients_choices[] = {{"any", RECIPIENTS_ANY},
							  {"file", RECIPIENTS_FILE},
							  {"backend", RECIPIENTS_BACKEND},
							  {NULL, 0}};
static const struct schema_choice send_choices[] = {
	{"any", SEND_ANY}, {"internal", SEND_INTERNAL}, {NULL, 0}};
static const struct schema_choice receive_choices[] = {
	{"any", RECEIVE_ANY}, {"authenticated", RECEIVE_AUTHENTICATED}, {NULL, 0}};
static const struct schema_choice spoof_choices[] = {
	{"reject", SPOOF_REJECT}, {"accept", SPOOF_ACCEPT}, {NULL, 0}};

#define FIELD(member) .offset = offsetof(struct config, member)
#define CHOICE(member, table) .read = read_choice, .choices = table, FIELD(member)
/* A field of an entry: a list, a listener, a backend and so on, of which there may be many. */
#define ENTRY_FIELD(type, member) .offset = offsetof(struct type, member), .of_entry = true
#define ENTRY_CHOICE(type, member, table)                                                          \
	.read = read_choice, .choices = table, ENTRY_FIELD(type, member)

/* How a limit's value is written. */
#define LIMIT_COUNT_WORDS "a number"
#define LIMIT_SECONDS_WORDS "a time: s, m, h or d behind a number"
#define LIMIT_BYTES_WORDS "a size: K, M or G behind a number"
#define LIMIT_RATE_WORDS "a number a time, as 60/1m"

/* The rows of `limits`, and of `limits-internal` but those of the whole agent. */
#define LIMIT_ROW(id, key, kind, preset, least, most, scope, text)                                 \
	{"limits",                                                                                 \
	 key,                                                                                      \
	 kind##_WORDS,                                                                             \
	 preset,                                                                                   \
	 text,                                                                                     \
	 .read = read_limit,                                                                       \
	 FIELD(gate.limits),                                                                       \
	 .argument = LIMIT_##id},
#define LIMIT_ROW_W(id, key, kind, text)
#define LIMIT_ROW_S(id, key, kind, text)                                                           \
	{"limits-internal",                                                                        \
	 key,                                                                                      \
	 kind##_WORDS,                                                                             \
	 "as in limits",                                                                           \
	 text,                                                                                     \
	 .read = read_limit,                                                                       \
	 FIELD(gate.limits_internal),                                                              \
	 .argument = LIMIT_##id},
#define LIMIT_INTERNAL_ROW(id, key, kind, preset, least, most, scope, text)                        \
	LIMIT_ROW_##scope(id, key, kind, text)

const struct schema_key schema_rows[] = {
	{"", "include", "a list of file patterns", "[]",
	 "further files to read, in lexical order; lists and groups may be spread over files",
	 .read = read_include},
	{"", "filter", "a mapping", NULL, "the fence: who may connect to the mail ports",
	 .read = read_group},
	{"", "metrics", "a mapping", NULL, "figures for Prometheus", .read = read_group},
	{"", "log", "a mapping", NULL, "what is told, and where", .read = read_group},
	{"", "gate", "a mapping", NULL, "the gate: an SMTP endpoint in front of mail servers",
	 .read = read_group},
	{"", "policy-service", .value = "the policy service"},

	{"filter", "interfaces", "a list of interface names", NULL,
	 "where connection attempts are judged", .required = true, .read = read_interfaces,
	 FIELD(filter)},
	{"filter", "attach", NULL, "native",
	 "in the driver, or in the stack where the driver cannot; never changed silently",
	 CHOICE(filter.attach, attach_choices)},
	{"filter", "closed-ports", "a list of TCP ports",
	 "[25] when open-ports is not given either", "only trusted sources may connect",
	 .read = read_ports, FIELD(filter), .argument = PORTS_CLOSED},
	{"filter", "open-ports", "a list of TCP ports", "[]",
	 "all but denied and banned sources may connect", .read = read_ports, FIELD(filter),
	 .argument = PORTS_OPEN},
	{"filter", "destinations", "a list of ranges", "[]",
	 "guarded destination addresses; none means all, this host's and what it forwards",
	 .read = read_destinations, FIELD(filter)},
	{"filter", "mode", NULL, "enforce", "drop, or pass and count what would have been dropped",
	 CHOICE(filter.mode, mode_choices)},
	{"filter", "answer", NULL, "silent", "say nothing to a dropped SYN, or reset it",
	 CHOICE(filter.answer, answer_choices)},
	{"filter", "strict", NULL, "true",
	 "drop packets from untrusted sources whose headers do not show whether they open a "
	 "connection",
	 .read = read_boolean, .choices = boolean_choices, FIELD(filter.strict)},
	{"filter", "on-stop", NULL, "keep", "what happens to the fence when the agent stops",
	 CHOICE(filter.on_stop, on_stop_choices)},
	{"filter", "trusted", "a mapping of names to lists", NULL, "who may connect",
	 .read = read_lists, .argument = LIST_TRUSTED},
	{"filter", "denied", "a mapping of names to lists", NULL, "who may not connect",
	 .read = read_lists, .argument = LIST_DENIED},

	{"list", "ranges", "a list of ranges", "[]", "the ranges themselves",
	 .read = read_list_ranges, .of_entry = true},
	{"list", "files", "a list of file names", "[]", "files with one range a line",
	 .read = read_list_files, .of_entry = true},
	{"list", "source", "spf:DOMAIN, file:PATH or exec:PROGRAM ARGUMENTS", "none",
	 "where mxfence-update gets the ranges of a trusted list", .read = read_list_source,
	 .of_entry = true},
	{"list", "refresh", "a time: m, h or d behind a number", "6h",
	 "how old they may get, from 5m to 30d", .read = read_list_refresh, .of_entry = true},

	{"gate", "hostname", "a host name", NULL, "our name, in the greeting and towards backends",
	 .required = true, .read = read_hostname, FIELD(gate)},
	{"gate", "domains", "a list of domains", "[]",
	 "the domains that mail comes in for; a leading dot: it and all below", .read = read_texts,
	 FIELD(gate.domains)},
	{"gate", "workers", "a number from 1 to 64, or auto", "auto",
	 "processes that speak SMTP; auto: one for each CPU", .read = read_workers,
	 FIELD(gate.workers)},
	{"gate", "listeners", "a list of listeners", NULL, "where clients connect",
	 .required = true, .read = read_listeners, FIELD(gate)},
	{"gate", "tls", "a mapping", NULL, "certificates towards clients", .read = read_group},
	{"gate", "backends", "a mapping of names to backends", NULL, "the mail servers behind",
	 .required = true, .read = read_backends, FIELD(gate)},
	{"gate", "auth", "a mapping", NULL, "who checks logins", .read = read_group},
	{"gate", "recipients", "a mapping", NULL, "which recipients there are", .read = read_group},
	{"gate", "relay", "a mapping", NULL, "who may send to other domains", .read = read_group},
	{"gate", "groups", "a mapping of names to groups", NULL, "mailboxes under one name",
	 .read = read_groups, FIELD(gate)},
	{"gate", "restrict", "a list of entries", "[]", "what holds for the members of groups",
	 .read = read_restricts, FIELD(gate)},
	{"gate", "senders", "a mapping", NULL, "who may send as whom", .read = read_group},
	{"gate", "limits", "a mapping", NULL, "bounds for clients", .read = read_group},
	{"gate", "limits-internal", "a mapping", NULL,
	 "other bounds for internal clients; what is not given is as in limits",
	 .read = read_group},
	{"gate", "ban", .value = "banning by the gate"},

	{"listener", "name", "a name", NULL, "its name in logs and figures", .required = true,
	 .read = read_name, ENTRY_FIELD(gate_listener, name)},
	{"listener", "address", "an address and port", NULL, "where it listens", .required = true,
	 .read = read_endpoint, ENTRY_FIELD(gate_listener, endpoint)},
	{"listener", "role", NULL, "mx",
	 "mx: mail from other servers; submission: from users, who must log in",
	 ENTRY_CHOICE(gate_listener, role, role_choices)},
	{"listener", "backend", "the name of a backend", "the only one", "where mail goes",
	 .read = read_reference, ENTRY_FIELD(gate_listener, backend_name)},
	{"listener", "tls", NULL, "off",
	 "off, offered, required before MAIL, or from the first byte on",
	 ENTRY_CHOICE(gate_listener, tls, listener_tls_choices)},
	{"listener", "proxy-from", "a list of ranges", "[]",
	 "these peers, and no others, must begin with a PROXY header", .read = read_ranges,
	 ENTRY_FIELD(gate_listener, proxy_from)},
	{"listener", "auth", NULL, "required where the role is submission, else off",
	 "whether clients may or must log in", .read = read_listener_auth,
	 .choices = listener_auth_choices, ENTRY_FIELD(gate_listener, auth)},
	{"listener", "auth-without-tls", NULL, "no", "take passwords in clear text",
	 .read = read_boolean, .choices = boolean_choices,
	 ENTRY_FIELD(gate_listener, auth_without_tls)},

	{"tls", "certificate", "a file name", NULL, "certificate and chain, PEM",
	 .read = read_certificate_path, FIELD(gate.tls), .argument = PATH_CERTIFICATE},
	{"tls", "key", "a file name", NULL, "its private key, PEM", .read = read_certificate_path,
	 FIELD(gate.tls), .argument = PATH_KEY},
	{"tls", "certificates", "a list of certificates", "[]",
	 "more of them, chosen by the name that the client asks for (SNI)",
	 .read = read_certificates, FIELD(gate.tls)},
	{"tls", "min-version", NULL, "1.2", "the oldest version of TLS",
	 CHOICE(gate.tls.min_version, version_choices)},

	{"certificate", "certificate", "a file name", NULL, "certificate and chain, PEM",
	 .required = true, .read = read_path, ENTRY_FIELD(gate_certificate, certificate)},
	{"certificate", "key", "a file name", NULL, "its private key, PEM", .required = true,
	 .read = read_path, ENTRY_FIELD(gate_certificate, key)},

	{"backend", "servers", "a list of addresses and ports", NULL,
	 "the first that answers; the rest are fail-over", .required = true, .read = read_servers,
	 ENTRY_FIELD(gate_backend, servers)},
	{"backend", "client-address", NULL, "none", "how it is told who the client is",
	 ENTRY_CHOICE(gate_backend, client_address, client_address_choices)},
	{"backend", "tls", NULL, "optional",
	 "off, where offered, required, or required with a valid certificate",
	 ENTRY_CHOICE(gate_backend, tls, backend_tls_choices)},
	{"backend", "tls-name", "a host name", "the server's address",
	 "the name that its certificate must have, and that is asked for (SNI)",
	 .read = read_reference, ENTRY_FIELD(gate_backend, tls_name)},
	{"backend", "ca-file", "a file name", "the system's",
	 "authorities that its certificate may come from, PEM", .read = read_path,
	 ENTRY_FIELD(gate_backend, ca_file)},

	{"auth", "source", NULL, "none", "nobody, the backend, a password file, or Dovecot",
	 CHOICE(gate.auth.source, auth_source_choices)},
	{"auth", "mechanisms", "a list of PLAIN and LOGIN", "[PLAIN, LOGIN]",
	 "the mechanisms that are offered", .read = read_mechanisms, FIELD(gate.auth.mechanisms)},
	{"auth", "file", "a file name", NULL, "for source: file, lines of user:hash",
	 .read = read_password_file, FIELD(gate.auth)},
	{"auth", "socket", "a socket's name", NULL, "for source: dovecot, its auth-client socket",
	 .read = read_reference, FIELD(gate.auth.socket)},

	{"recipients", "source", NULL, "any",
	 "all are taken, those of a file, or the backend is asked",
	 CHOICE(gate.recipients.source, recipients_choices)},
	{"recipients", "file", "a file name", NULL,
	 "for source: file, one mailbox or @domain a line", .read = read_address_file,
	 FIELD(gate.recipients.entries)},

	{"relay", "authenticated", NULL, "yes", "who is logged in", .read = read_boolean,
	 .choices = boolean_choices, FIELD(gate.relay.authenticated)},
	{"relay", "from", "a list of ranges and names of trusted lists", "[]", "clients from there",
	 .read = read_texts, FIELD(gate.relay.from_texts)},
	{"relay", "to-local", "a list of ranges", "[]",
	 "clients that connected to these addresses of ours", .read = read_ranges,
	 FIELD(gate.relay.to_local)},
	{"relay", "never", "a list of ranges", "[]",
	 "clients from there may not, whatever else holds", .read = read_ranges,
	 FIELD(gate.relay.never)},

	{"group", "members", "a list of mailboxes and @domains", "[]", "who belongs to it",
	 .read = read_texts, ENTRY_FIELD(gate_group, members)},
	{"group", "files", "a list of file names", "[]", "files with one mailbox or @domain a line",
	 .read = read_address_files, ENTRY_FIELD(gate_group, members)},
	{"group", "include", "a list of names of groups", "[]", "whose members belong to it too",
	 .read = read_texts, ENTRY_FIELD(gate_group, include)},

	{"restrict", "group", "the name of a group", NULL, "for whom this holds", .required = true,
	 .read = read_reference, ENTRY_FIELD(gate_restrict, group_name)},
	{"restrict", "send", NULL, "any", "internal: to our domains and to `allow` alone",
	 ENTRY_CHOICE(gate_restrict, send, send_choices)},
	{"restrict", "allow", "a list of domains and mailboxes", "[]",
	 "where they may send all the same", .read = read_texts, ENTRY_FIELD(gate_restrict, allow)},
	{"restrict", "receive", NULL, "any", "authenticated: mail from internal clients alone",
	 ENTRY_CHOICE(gate_restrict, receive, receive_choices)},
	{"restrict", "hide", NULL, "no", "answer others as if there were no such mailbox",
	 .read = read_boolean, .choices = boolean_choices, ENTRY_FIELD(gate_restrict, hide)},

	{"senders", "spoof", NULL, "reject", "strangers who send in the name of our domains",
	 CHOICE(gate.senders.spoof, spoof_choices)},
	{"senders", "login-map", "a file name", "none",
	 "lines of login: address, address, @domain; a login sends as these alone",
	 .read = read_login_map, FIELD(gate.senders)},

	LIMITS(LIMIT_ROW){"limits", "bare-newline", "reject, or {normalise: [ranges]}", "reject",
			  "messages with CR or LF alone: 550 5.5.2, or made CRLF for these clients",
			  .read = read_bare_newline, FIELD(gate.normalise)},
	LIMITS(LIMIT_INTERNAL_ROW)

		{"bare-newline", "normalise", "a list of ranges", NULL,
		 "clients whose line ends are mended", .required = true, .read = read_ranges,
		 .of_entry = true},

	{"metrics", "listen", "a loopback address and port", NULL, "where GET /metrics is answered",
	 .required = true, .read = read_listen_address, FIELD(metrics)},

	{"log", "to", NULL, "auto", "auto: syslog in the background, else standard error",
	 CHOICE(log.target, target_choices)},
	{"log", "level", NULL, "info", "the least weighty message that is logged",
	 CHOICE(log.level, level_choices)},
	{"log", "names", .value = "looking up names"},
};

const size_t schema_row_count = sizeof(schema_rows) / sizeof(schema_rows[0]);
