// SPDX-License-Identifier: GPL-2.0-only
#include "gate/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "core/scoped.h"
#include "gate/tls_load.h"

struct tls_contexts {
	const struct gate_config *gate;
	SSL_CTX **servers; /* one for each certificate */
	size_t server_count;
	SSL_CTX **clients; /* one for each backend; NULL without TLS */
};

static const struct {
	enum tls_version version;
	int protocol;
} versions[] = {
	{TLS_1_2, TLS1_2_VERSION},
	{TLS_1_3, TLS1_3_VERSION},
};

static int no_memory(struct trouble *trouble)
{
	return trouble_set(trouble, -ENOMEM, "no memory for TLS");
}

/* What holds for both directions. Buffers are given back whenever they are empty: sessions wait. */
static SSL_CTX *context_new(const SSL_METHOD *method)
{
	SSL_CTX *context = SSL_CTX_new(method);

	if (!context)
		return NULL;
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(context,
			    SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(context, 1);
	if (!SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION)) {
		SSL_CTX_free(context);
		return NULL;
	}
	return context;
}

/* The certificate that names what the client asked for; else the first one stays. */
static int choose_certificate(SSL *ssl, int *alert, void *argument)
{
	const struct tls_contexts *contexts = argument;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	if (!name)
		return SSL_TLSEXT_ERR_NOACK;
	for (size_t i = 0; i < contexts->server_count; i++) {
		X509 *certificate = SSL_CTX_get0_certificate(contexts->servers[i]);

		if (X509_check_host(certificate, name, 0, 0, NULL) != 1)
			continue;
		SSL_set_SSL_CTX(ssl, contexts->servers[i]);
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

static int server_new(const struct gate_tls *tls, const struct gate_certificate *files,
		      struct tls_contexts *contexts, SSL_CTX **context, struct trouble *trouble)
{
	struct tls_fault fault;

	*context = context_new(TLS_server_method());
	if (!*context)
		return no_memory(trouble);
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (versions[i].version == tls->min_version)
			SSL_CTX_set_min_proto_version(*context, versions[i].protocol);
	SSL_CTX_set_num_tickets(*context, 0);
	SSL_CTX_set_tlsext_servername_callback(*context, choose_certificate);
	SSL_CTX_set_tlsext_servername_arg(*context, contexts);
	if (tls_load_certificate(*context, files->certificate, &fault))
		return trouble_set(trouble, -fault.error, "certificate %s: %s", files->certificate,
				   fault.reason);
	if (tls_load_key(*context, files->key, &fault))
		return trouble_set(trouble, -fault.error, "key %s: %s", files->key, fault.reason);
	return 0;
}

static int servers_new(const struct gate_tls *tls, struct tls_contexts *contexts,
		       struct trouble *trouble)
{
	contexts->servers = calloc(tls->certificate_count + 1, sizeof(*contexts->servers));
	if (!contexts->servers)
		return no_memory(trouble);
	for (size_t i = 0; i < tls->certificate_count; i++) {
		const int error = server_new(tls, &tls->certificates[i], contexts,
					     &contexts->servers[contexts->server_count++], trouble);

		if (error)
			return error;
	}
	return 0;
}

static bool same_anchors(const struct gate_backend *a, const struct gate_backend *b)
{
	if (a->tls != BACKEND_TLS_VERIFY || b->tls != BACKEND_TLS_VERIFY)
		return false;
	return a->ca_file && b->ca_file ? strcmp(a->ca_file, b->ca_file) == 0
					: a->ca_file == b->ca_file;
}

/* Anchors of a system are a few megabytes, so backends share them. */
static int client_trust(struct tls_contexts *contexts, size_t backend, struct trouble *trouble)
{
	const struct gate_backend *self = &contexts->gate->backends[backend];
	SSL_CTX *context = contexts->clients[backend];
	struct tls_fault fault;
	X509_STORE *store;

	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	for (size_t i = 0; i < backend; i++) {
		if (!same_anchors(self, &contexts->gate->backends[i]))
			continue;
		SSL_CTX_set1_cert_store(context, SSL_CTX_get_cert_store(contexts->clients[i]));
		return 0;
	}
	if (tls_load_anchors(self->ca_file, &store, &fault))
		return trouble_set(trouble, -fault.error, "trust anchors %s of backend %s: %s",
				   self->ca_file ? self->ca_file : "of this system", self->name,
				   fault.reason);
	SSL_CTX_set_cert_store(context, store);
	return 0;
}

static int clients_new(struct tls_contexts *contexts, struct trouble *trouble)
{
	const struct gate_config *gate = contexts->gate;

	contexts->clients = calloc(gate->backend_count + 1, sizeof(*contexts->clients));
	if (!contexts->clients)
		return no_memory(trouble);
	for (size_t i = 0; i < gate->backend_count; i++) {
		int error = 0;

		if (gate->backends[i].tls == BACKEND_TLS_OFF)
			continue;
		contexts->clients[i] = context_new(TLS_client_method());
		if (!contexts->clients[i])
			return no_memory(trouble);
		if (gate->backends[i].tls == BACKEND_TLS_VERIFY)
			error = client_trust(contexts, i, trouble);
		if (error)
			return error;
	}
	return 0;
}

int tls_contexts_new(const struct config *config, struct tls_contexts **contexts,
		     struct trouble *trouble)
{
	struct tls_contexts *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return no_memory(trouble);
	made->gate = &config->gate;
	error = servers_new(&config->gate.tls, made, trouble);
	if (!error)
		error = clients_new(made, trouble);
	ERR_clear_error();
	if (error)
		tls_contexts_free(&made);
	else
		*contexts = made;
	return error;
}

void tls_contexts_free(struct tls_contexts **contexts)
{
	struct tls_contexts *self = TAKE_PTR(*contexts);

	if (!self)
		return;
	for (size_t i = 0; i < self->server_count; i++)
		SSL_CTX_free(self->servers[i]);
	for (size_t i = 0; self->clients && i < self->gate->backend_count; i++)
		SSL_CTX_free(self->clients[i]);
	free(self->servers);
	free(self->clients);
	free(self);
}

bool tls_can_accept(const struct tls_contexts *contexts)
{
	return contexts && contexts->server_count > 0;
}

SSL *tls_new_server(const struct tls_contexts *contexts)
{
	SSL *ssl = tls_can_accept(contexts) ? SSL_new(contexts->servers[0]) : NULL;

	if (ssl)
		SSL_set_accept_state(ssl);
	return ssl;
}

/* RFC 6066 section 3: addresses are no server names. */
static bool expect_name(SSL *ssl, const char *name, const struct gate_endpoint *server)
{
	unsigned char address[16];
	const size_t size = server->family == MXF_FAMILY_IPV6 ? 16 : 4;

	if (name)
		return SSL_set_tlsext_host_name(ssl, name) && SSL_set1_host(ssl, name);
	for (size_t i = 0; i < size; i++)
		address[size - 1 - i] =
			(unsigned char)((i < 8 ? server->ip.lo : server->ip.hi) >> (i % 8 * 8));
	return X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), address, size);
}

SSL *tls_new_client(const struct tls_contexts *contexts, size_t backend, size_t server)
{
	const struct gate_backend *self;
	SSL *ssl;

	if (!contexts || !contexts->clients[backend])
		return NULL;
	self = &contexts->gate->backends[backend];
	ssl = SSL_new(contexts->clients[backend]);
	if (ssl && !expect_name(ssl, self->tls_name, &self->servers[server])) {
		SSL_free(ssl);
		return NULL;
	}
	if (ssl)
		SSL_set_connect_state(ssl);
	return ssl;
}
