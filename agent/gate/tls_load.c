// SPDX-License-Identifier: GPL-2.0-only
#include "gate/tls_load.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/scoped.h"
#include "core/text.h"

/* Where systems keep all anchors in one file, when OpenSSL's own default is not there. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

static int fault_set(struct tls_fault *fault, int error, const char *reason)
{
	fault->error = error;
	text_escape(reason, strlen(reason), fault->reason, sizeof(fault->reason));
	return -error;
}

/* The first error is the cause; those after it say what could not be done because of it. */
static int fault_take(struct tls_fault *fault, const char *otherwise)
{
	const unsigned long code = ERR_get_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	if (ERR_SYSTEM_ERROR(code))
		return fault_set(fault, ERR_GET_REASON(code), strerror(ERR_GET_REASON(code)));
	return fault_set(fault, EINVAL, reason ? reason : otherwise);
}

/* Nobody is there who could type a passphrase. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)writing;
	*(bool *)context = true;
	return -1;
}

int tls_load_certificate(SSL_CTX *context, const char *path, struct tls_fault *fault)
{
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(context, path) == 1)
		return 0;
	if (ERR_GET_REASON(ERR_peek_error()) == PEM_R_NO_START_LINE) {
		ERR_clear_error();
		return fault_set(fault, EINVAL, "there is no certificate in PEM form in it");
	}
	return fault_take(fault, "it is not a certificate chain in PEM form");
}

int tls_load_key(SSL_CTX *context, const char *path, struct tls_fault *fault)
{
	bool encrypted = false;
	int loaded;

	ERR_clear_error();
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(context, &encrypted);
	loaded = SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM);
	SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
	SSL_CTX_set_default_passwd_cb(context, NULL);
	if (encrypted) {
		ERR_clear_error();
		return fault_set(fault, EINVAL, "the key is encrypted with a passphrase");
	}
	if (loaded == 1 && SSL_CTX_check_private_key(context) == 1)
		return 0;
	if (ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_X509) {
		ERR_clear_error();
		return fault_set(fault, EINVAL, "the key does not belong to the certificate");
	}
	return fault_take(fault, "there is no private key in PEM form in it");
}

/* OpenSSL would look anchors up when it needs one, and a worker opens no file. */
static const char *system_anchors(void)
{
	const char *named = getenv(X509_get_default_cert_file_env());

	if (named)
		return named;
	if (access(X509_get_default_cert_file(), R_OK) == 0)
		return X509_get_default_cert_file();
	for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++)
		if (access(bundles[i], R_OK) == 0)
			return bundles[i];
	return NULL;
}

int tls_load_anchors(const char *path, X509_STORE **store, struct tls_fault *fault)
{
	const char *file = path ? path : system_anchors();
	X509_STORE *loaded;

	if (!file)
		return fault_set(fault, ENOENT,
				 "this system has no file of trust anchors (ca-certificates)");
	ERR_clear_error();
	loaded = X509_STORE_new();
	if (!loaded)
		return fault_set(fault, ENOMEM, "no memory");
	if (X509_STORE_load_file(loaded, file) != 1) {
		X509_STORE_free(loaded);
		return fault_take(fault, "there is no certificate in PEM form in it");
	}
	*store = loaded;
	return 0;
}
