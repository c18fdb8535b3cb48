// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/tls.h"
#include "tests/support/certificates.h"

#define DAY (24 * 3600L)

static char directory[] = "/tmp/mxfence-tls-XXXXXX";

static const char *const made[] = {"first", "second", "old", "young", "ending"};

static char *path_of(const char *name)
{
	static char paths[16][128];
	static unsigned int next;
	char *path = paths[next++ % 16];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static int set_up(void **state)
{
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(directory));
	certificate_write(directory, "first", "DNS:mx.example.com, IP:127.0.0.1", -DAY, 90 * DAY);
	certificate_write(directory, "second", "DNS:*.example.org", -DAY, 90 * DAY);
	certificate_write(directory, "old", "DNS:mx.example.com", -9 * DAY, -DAY);
	certificate_write(directory, "young", "DNS:mx.example.com", DAY, 9 * DAY);
	certificate_write(directory, "ending", "DNS:mx.example.com", -DAY, DAY);
	file = fopen(path_of("junk"), "w");
	assert_non_null(file);
	fputs("junk\n", file);
	fclose(file);
	return 0;
}

static int tear_down(void **state)
{
	char name[32];

	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		snprintf(name, sizeof(name), "%s.crt", made[i]);
		unlink(path_of(name));
		snprintf(name, sizeof(name), "%s.key", made[i]);
		unlink(path_of(name));
	}
	unlink(path_of("junk"));
	return rmdir(directory);
}

/* A gate with up to two certificates and one backend. */
struct arrangement {
	struct config config;
	struct gate_certificate certificates[2];
	struct gate_backend backend;
	struct gate_endpoint server;
};

static void arrange(struct arrangement *self, size_t count)
{
	static char hostname[] = "mx.example.com", name[] = "exchange";

	*self = (struct arrangement){
		.certificates = {{.certificate = path_of("first.crt"), .key = path_of("first.key")},
				 {.certificate = path_of("second.crt"),
				  .key = path_of("second.key")}},
		.server = {.ip = {.lo = 0x7f000001}, .family = MXF_FAMILY_IPV4, .port = 25},
	};
	self->backend = (struct gate_backend){.name = name,
					      .servers = &self->server,
					      .server_count = 1,
					      .tls = BACKEND_TLS_OPTIONAL};
	self->config.has_gate = true;
	self->config.gate.hostname = hostname;
	self->config.gate.tls.certificates = self->certificates;
	self->config.gate.tls.certificate_count = count;
	self->config.gate.backends = &self->backend;
	self->config.gate.backend_count = 1;
}

static struct tls_contexts *contexts_of(const struct arrangement *self)
{
	struct tls_contexts *contexts = NULL;
	struct trouble trouble = {.text = ""};

	if (tls_contexts_new(&self->config, &contexts, &trouble))
		fail_msg("%s", trouble.text);
	return contexts;
}

/* Both ends in memory; true when both are content. Frees neither. */
static bool shake_hands(SSL *client, SSL *server)
{
	BIO *one, *other;

	assert_int_equal(BIO_new_bio_pair(&one, 0, &other, 0), 1);
	SSL_set_bio(client, one, one);
	SSL_set_bio(server, other, other);
	for (int i = 0; i < 20; i++) {
		const int client_done = SSL_do_handshake(client);
		const int server_done = SSL_do_handshake(server);

		if (client_done == 1 && server_done == 1)
			return true;
	}
	ERR_clear_error();
	return false;
}

static void test_certificate_by_name(void **state)
{
	static const struct {
		const char *asked, *answered;
	} cases[] = {
		{"mx.example.com", "first"},
		{"a.example.org", "second"},
		{"A.Example.ORG", "second"},
		{"example.org", "first"},
		{"a.b.example.org", "first"},
		{"elsewhere.example", "first"},
		{NULL, "first"},
	};
	struct arrangement self;
	struct tls_contexts *contexts;

	(void)state;
	arrange(&self, 2);
	contexts = contexts_of(&self);
	assert_true(tls_can_accept(contexts));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SSL *client = tls_new_client(contexts, 0, 0), *server = tls_new_server(contexts);
		char name[64];

		SSL_set_tlsext_host_name(client, cases[i].asked);
		assert_true(shake_hands(client, server));
		X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(client)),
					  NID_organizationName, name, sizeof(name));
		assert_string_equal(name, cases[i].answered);
		assert_false(SSL_session_reused(client));
		SSL_free(client);
		SSL_free(server);
	}
	tls_contexts_free(&contexts);
	assert_null(contexts);
	assert_false(tls_can_accept(contexts));
}

static void test_versions(void **state)
{
	static const struct {
		enum tls_version least;
		int client;
		bool agreed;
	} cases[] = {
		{TLS_1_2, TLS1_1_VERSION, false},
		{TLS_1_2, TLS1_2_VERSION, true},
		{TLS_1_3, TLS1_2_VERSION, false},
		{TLS_1_3, TLS1_3_VERSION, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arrangement self;
		struct tls_contexts *contexts;
		SSL *client, *server;

		arrange(&self, 1);
		self.config.gate.tls.min_version = cases[i].least;
		contexts = contexts_of(&self);
		client = tls_new_client(contexts, 0, 0);
		server = tls_new_server(contexts);
		SSL_set_min_proto_version(client, 0);
		SSL_set_max_proto_version(client, cases[i].client);
		assert_int_equal(shake_hands(client, server), cases[i].agreed);
		SSL_free(client);
		SSL_free(server);
		tls_contexts_free(&contexts);
	}
}

/* What `verify` demands of the backend's certificate, which here is the gate's own. */
static void test_verify(void **state)
{
	static char mx[] = "mx.example.com", other[] = "mail.example.com";
	static const struct {
		char *name;
		uint32_t address;
		const char *anchors;
		bool good;
	} cases[] = {
		{mx, 0x7f000001, "first.crt", true},	 {mx, 0x0a000001, "first.crt", true},
		{other, 0x7f000001, "first.crt", false}, {NULL, 0x7f000001, "first.crt", true},
		{NULL, 0x7f000002, "first.crt", false},	 {mx, 0x7f000001, "second.crt", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arrangement self;
		struct tls_contexts *contexts;
		SSL *client, *server;

		arrange(&self, 1);
		self.backend.tls = BACKEND_TLS_VERIFY;
		self.backend.tls_name = cases[i].name;
		self.backend.ca_file = path_of(cases[i].anchors);
		self.server.ip.lo = cases[i].address;
		contexts = contexts_of(&self);
		client = tls_new_client(contexts, 0, 0);
		server = tls_new_server(contexts);
		if (shake_hands(client, server) != cases[i].good)
			fail_msg("case %zu", i);
		SSL_free(client);
		SSL_free(server);
		tls_contexts_free(&contexts);
	}
}

static void test_none(void **state)
{
	struct arrangement self;
	struct tls_contexts *contexts;

	(void)state;
	arrange(&self, 0);
	self.backend.tls = BACKEND_TLS_OFF;
	contexts = contexts_of(&self);
	assert_false(tls_can_accept(contexts));
	assert_null(tls_new_server(contexts));
	assert_null(tls_new_client(contexts, 0, 0));
	tls_contexts_free(&contexts);
}

static void encrypt_key(const char *from, const char *to)
{
	FILE *file = fopen(from, "r");
	EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);

	fclose(file);
	file = fopen(to, "w");
	assert_int_equal(PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(),
					      (const unsigned char *)"secret", 6, NULL, NULL),
			 1);
	fclose(file);
	EVP_PKEY_free(key);
}

/* What is wrong is said alike by those who start and by those who check. */
static void test_faults(void **state)
{
	static const struct {
		const char *certificate, *key, *anchors;
		const char *said;
	} cases[] = {
		{"none.crt", "first.key", NULL,
		 "certificate %s/none.crt: No such file or directory"},
		{"junk", "first.key", NULL,
		 "certificate %s/junk: there is no certificate in PEM form in it"},
		{"first.crt", "none.key", NULL, "key %s/none.key: No such file or directory"},
		{"first.crt", "junk", NULL, "key %s/junk: "},
		{"first.crt", "second.key", NULL,
		 "key %s/second.key: the key does not belong to the certificate"},
		{"first.crt", "locked.key", NULL,
		 "key %s/locked.key: the key is encrypted with a passphrase"},
		{"first.crt", "first.key", "none", "No such file or directory"},
		{"first.crt", "first.key", "junk", "trust anchors %s/junk"},
	};

	(void)state;
	encrypt_key(path_of("first.key"), path_of("locked.key"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tls_contexts *contexts = NULL;
		struct trouble trouble = {.text = ""};
		struct diags diags = {0};
		struct arrangement self;
		char said[256];

		arrange(&self, 1);
		self.certificates[0].certificate = path_of(cases[i].certificate);
		self.certificates[0].key = path_of(cases[i].key);
		if (cases[i].anchors) {
			self.backend.tls = BACKEND_TLS_VERIFY;
			self.backend.ca_file = path_of(cases[i].anchors);
		}
		snprintf(said, sizeof(said), cases[i].said, directory);
		assert_true(tls_contexts_new(&self.config, &contexts, &trouble) < 0);
		assert_null(contexts);
		if (!strstr(trouble.text, said))
			fail_msg("\"%s\" is not in \"%s\"", said, trouble.text);
		tls_check(&self.config, time(NULL), &diags);
		assert_int_equal(diags.errors, 1);
		if (!strstr(diags.items[0].message, said))
			fail_msg("\"%s\" is not in \"%s\"", said, diags.items[0].message);
		diags_clear(&diags);
	}
	unlink(path_of("locked.key"));
}

static void test_warnings(void **state)
{
	static const struct {
		const char *certificate, *said; /* NULL: nothing */
	} cases[] = {
		{"first", NULL},
		{"old", "has expired"},
		{"young", "is not valid yet"},
		{"ending", "expires within two weeks"},
		{"second", "no certificate names the gate's hostname mx.example.com"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct diags diags = {0};
		struct arrangement self;
		char name[32];

		arrange(&self, 1);
		snprintf(name, sizeof(name), "%s.crt", cases[i].certificate);
		self.certificates[0].certificate = path_of(name);
		snprintf(name, sizeof(name), "%s.key", cases[i].certificate);
		self.certificates[0].key = path_of(name);
		tls_check(&self.config, time(NULL), &diags);
		assert_int_equal(diags.errors, 0);
		if (cases[i].said) {
			assert_true(diags.warnings > 0);
			assert_non_null(strstr(diags.items[0].message, cases[i].said));
		} else {
			assert_int_equal(diags.warnings, 0);
		}
		diags_clear(&diags);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_certificate_by_name),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_warnings),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
