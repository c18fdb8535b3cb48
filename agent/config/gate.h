/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The `gate` of the configuration as it is written: checked for form, not yet for sense.
 *
 * Addresses and domains stay text here, with their places; policy_compile() reads them, because
 * what a mailbox is belongs to the policy. All memory belongs to struct config.
 */
#ifndef CONFIG_GATE_H
#define CONFIG_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/limits.h"
#include "core/ip.h"
#include "core/source.h"

#define GATE_LISTENERS_MAX 64u
#define GATE_BACKENDS_MAX 64u
#define GATE_SERVERS_MAX 16u	  /* of one backend */
#define GATE_CERTIFICATES_MAX 64u /* with the first one */
#define GATE_WORKERS_MAX 64u

/* A piece of text and where it is written; not NUL-terminated. */
struct gate_text {
	const char *text;
	uint32_t size;
	struct place place;
};

struct gate_texts {
	struct gate_text *items;
	size_t count;
};

/* Ranges, merged and sorted by family and address, for a binary search. */
struct gate_ranges {
	struct range *items; /* file, line and column say where */
	size_t count;
};

/* An address and port of ours or of a server. */
struct gate_endpoint {
	struct ip ip;
	uint8_t family; /* MXF_FAMILY_* */
	uint16_t port;
	struct place place;
};

enum listener_role { ROLE_MX, ROLE_SUBMISSION };
enum listener_tls {
	LISTENER_TLS_OFF,
	LISTENER_TLS_OPTIONAL,
	LISTENER_TLS_REQUIRED,
	LISTENER_TLS_IMPLICIT
};
enum listener_auth { LISTENER_AUTH_OFF, LISTENER_AUTH_OPTIONAL, LISTENER_AUTH_REQUIRED };

struct gate_listener {
	char *name;
	struct place place;
	struct gate_endpoint endpoint;
	enum listener_role role;
	char *backend_name;
	struct place backend_place;
	size_t backend; /* index in gate->backends */
	enum listener_tls tls;
	struct gate_ranges proxy_from; /* these peers must begin with a PROXY header */
	enum listener_auth auth;       /* preset: required for submission, off for mx */
	bool auth_given;
	bool auth_without_tls;
};

enum backend_tls {
	BACKEND_TLS_OFF,
	BACKEND_TLS_OPTIONAL,
	BACKEND_TLS_REQUIRED,
	BACKEND_TLS_VERIFY
};
enum backend_client { CLIENT_NONE, CLIENT_XCLIENT, CLIENT_PROXY_V1, CLIENT_PROXY_V2 };

struct gate_backend {
	char *name;
	struct place place;
	struct gate_endpoint *servers; /* the first that answers */
	size_t server_count;
	enum backend_client client_address;
	enum backend_tls tls;
	char *tls_name; /* name for SNI and `verify`; NULL: the address itself is verified */
	char *ca_file;	/* for `verify`; NULL: the system's */
	struct place ca_place;
};

struct gate_certificate {
	char *certificate; /* paths, resolved; chain and key in PEM */
	char *key;
	struct place place; /* of the certificate's path */
	struct place key_place;
};

enum tls_version { TLS_1_2, TLS_1_3 };

struct gate_tls {
	struct gate_certificate *certificates; /* the first answers without or with unknown SNI */
	size_t certificate_count;
	enum tls_version min_version;
	struct place place;
};

enum auth_source { AUTH_NONE, AUTH_BACKEND, AUTH_FILE, AUTH_DOVECOT };
enum auth_mechanism { AUTH_PLAIN = 1 << 0, AUTH_LOGIN = 1 << 1 };

struct gate_auth {
	enum auth_source source;
	unsigned int mechanisms; /* enum auth_mechanism, or'ed */
	/*
	 * AUTH_FILE: the path of the password file, resolved. The reader checks its form and keeps
	 * nothing of it: only the process that compares hashes may know them.
	 */
	char *file;
	char *socket; /* AUTH_DOVECOT; as it is written, relative to the run directory */
	struct place place;
};

enum recipients_source { RECIPIENTS_ANY, RECIPIENTS_FILE, RECIPIENTS_BACKEND };

struct gate_recipients {
	enum recipients_source source;
	struct gate_texts entries; /* RECIPIENTS_FILE: mailboxes and @domains */
	struct place place;
};

/* A range that is permitted or forbidden something, and what the words were. */
struct gate_relay {
	bool authenticated;
	struct place place, authenticated_place;
	struct gate_texts from_texts; /* `from` as it is written */
	struct gate_ranges from;      /* its ranges, those of its lists too */
	struct gate_ranges to_local;
	struct gate_ranges never;
};

struct gate_group {
	char *name;
	struct place place;
	struct gate_texts members; /* mailboxes and @domains: of `members` and of the files */
	struct gate_texts include; /* names of groups */
};

enum restrict_send { SEND_ANY, SEND_INTERNAL };
enum restrict_receive { RECEIVE_ANY, RECEIVE_AUTHENTICATED };

struct gate_restrict {
	struct place place; /* of the entry: where the decision points */
	char *group_name;
	struct place group_place;
	size_t group; /* index in gate->groups */
	enum restrict_send send;
	enum restrict_receive receive;
	struct gate_texts allow; /* domains (a leading dot: and below) and mailboxes */
	bool hide;
};

enum senders_spoof { SPOOF_ACCEPT, SPOOF_REJECT };

/* login: address, address, @domain */
struct gate_login {
	struct gate_text name;
	struct gate_texts addresses;
};

struct gate_senders {
	enum senders_spoof spoof;
	struct place spoof_place; /* line 0: not given */
	bool has_login_map;
	struct gate_login *logins;
	size_t login_count;
	struct place place;
};

enum bare_newline { BARE_NEWLINE_REJECT, BARE_NEWLINE_NORMALISE };

struct gate_config {
	struct place place; /* of the key `gate` */
	char *hostname;
	struct place hostname_place;
	struct gate_texts domains;
	size_t workers; /* 0 = as many as there are CPUs */
	struct gate_listener *listeners;
	size_t listener_count;
	struct gate_tls tls;
	struct gate_backend *backends;
	size_t backend_count;
	struct gate_auth auth;
	struct gate_recipients recipients;
	struct gate_relay relay;
	struct gate_group *groups;
	size_t group_count;
	struct gate_restrict *restricts;
	size_t restrict_count;
	struct gate_senders senders;
	struct limits limits;
	struct limits limits_internal; /* the same as limits where not given */
	struct gate_ranges normalise;  /* clients whose bare line ends are made CRLF */
	char **kept;		       /* texts that entries point into */
	size_t kept_count;
};

/* NULL when there is none of that name. */
const struct gate_backend *gate_find_backend(const struct gate_config *gate, const char *name);
const struct gate_group *gate_find_group(const struct gate_config *gate, const char *name);

/* The range that holds the address, or NULL. */
const struct range *gate_ranges_find(const struct gate_ranges *ranges, struct ip ip,
				     uint8_t family);

#endif
