// SPDX-License-Identifier: GPL-2.0-only
#include "gate/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "gate/tls_load.h"

#define SOON_S (14 * 24 * 3600)

static void report_fault(const struct tls_fault *fault, const char *what, const char *path,
			 struct place place, struct diags *diags)
{
	diags_add(diags, DIAG_ERROR, place, NULL, "%s %s: %s", what, path, fault->reason);
}

/* `now` before, at or after the time: negative, 0 or positive; 0 also for a time that is none. */
static int compare_time(const ASN1_TIME *time, int64_t now)
{
	time_t moment = (time_t)now;
	const int order = X509_cmp_time(time, &moment);

	return -order;
}

static void check_dates(const X509 *certificate, const struct gate_certificate *files, int64_t now,
			struct diags *diags)
{
	const ASN1_TIME *end = X509_get0_notAfter(certificate);

	if (compare_time(X509_get0_notBefore(certificate), now) < 0)
		diags_add(diags, DIAG_WARNING, files->place, NULL,
			  "the certificate %s is not valid yet", files->certificate);
	if (compare_time(end, now) > 0)
		diags_add(diags, DIAG_WARNING, files->place, NULL, "the certificate %s has expired",
			  files->certificate);
	else if (compare_time(end, now + SOON_S) > 0)
		diags_add(diags, DIAG_WARNING, files->place, NULL,
			  "the certificate %s expires within two weeks", files->certificate);
}

/* Returns true when the certificate names the host. */
static bool check_pair(const struct gate_certificate *files, const char *hostname, int64_t now,
		       struct diags *diags)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	struct tls_fault fault;
	bool names = false;

	if (!context) {
		diags->out_of_memory = true;
		return true;
	}
	if (tls_load_certificate(context, files->certificate, &fault)) {
		report_fault(&fault, "certificate", files->certificate, files->place, diags);
		names = true; /* who knows */
	} else {
		X509 *certificate = SSL_CTX_get0_certificate(context);

		check_dates(certificate, files, now, diags);
		names = hostname && X509_check_host(certificate, hostname, 0, 0, NULL) == 1;
		if (tls_load_key(context, files->key, &fault) && fault.error != EACCES)
			report_fault(&fault, "key", files->key, files->key_place, diags);
	}
	SSL_CTX_free(context);
	return names;
}

static void check_anchors(const struct gate_backend *backend, struct diags *diags)
{
	struct tls_fault fault;
	X509_STORE *store;

	if (tls_load_anchors(backend->ca_file, &store, &fault) == 0) {
		X509_STORE_free(store);
		return;
	}
	if (backend->ca_file)
		report_fault(&fault, "trust anchors", backend->ca_file, backend->ca_place, diags);
	else
		diags_add(diags, DIAG_ERROR, backend->place, NULL, "trust anchors: %s",
			  fault.reason);
}

void tls_check(const struct config *config, int64_t now, struct diags *diags)
{
	const struct gate_config *gate = &config->gate;
	bool named = gate->tls.certificate_count == 0 || !gate->hostname;

	if (!config->has_gate)
		return;
	for (size_t i = 0; i < gate->tls.certificate_count; i++)
		named |= check_pair(&gate->tls.certificates[i], gate->hostname, now, diags);
	if (!named)
		diags_add(diags, DIAG_WARNING, gate->tls.certificates[0].place, NULL,
			  "no certificate names the gate's hostname %s", gate->hostname);
	for (size_t i = 0; i < gate->backend_count; i++)
		if (gate->backends[i].tls == BACKEND_TLS_VERIFY)
			check_anchors(&gate->backends[i], diags);
	ERR_clear_error();
}
