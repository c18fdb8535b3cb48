// SPDX-License-Identifier: GPL-2.0-only
/* The password file, and comparing with it. */
#include <crypt.h>
#include <errno.h>
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

#include "gate/password.h"

static struct passwords *read_text(const char *text)
{
	char path[] = "/tmp/mxfence-password-XXXXXX";
	struct passwords *passwords = NULL;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(passwords_read(path, &passwords), 0);
	unlink(path);
	return passwords;
}

/* Cheap hashes of "secret", by each method that is known. */
static const char *hash_of(const char *prefix, unsigned long cost, char output[CRYPT_OUTPUT_SIZE])
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data data = {.initialized = 0};

	assert_non_null(crypt_gensalt_rn(prefix, cost, NULL, 0, setting, sizeof(setting)));
	assert_non_null(crypt_rn("secret", setting, &data, sizeof(data)));
	return strcpy(output, data.output);
}

static void test_methods(void **state)
{
	static const struct {
		const char *prefix;
		unsigned long cost;
	} methods[] = {{"$y$", 1}, {"$6$", 1000}, {"$2b$", 4}};
	char text[512], hash[CRYPT_OUTPUT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct passwords *passwords;

		snprintf(text, sizeof(text), "jane:%s\n",
			 hash_of(methods[i].prefix, methods[i].cost, hash));
		passwords = read_text(text);
		assert_true(passwords_match(passwords, "jane", "secret"));
		assert_false(passwords_match(passwords, "jane", "Secret"));
		assert_false(passwords_match(passwords, "jane", ""));
		assert_false(passwords_match(passwords, "john", "secret"));
		passwords_free(&passwords);
		assert_null(passwords);
	}
}

static void test_forms(void **state)
{
	char text[2048], hash[CRYPT_OUTPUT_SIZE];
	struct passwords *passwords;

	(void)state;
	hash_of("$6$", 1000, hash);
	snprintf(text, sizeof(text),
		 "# a comment\n"
		 "\n"
		 "  anna : no\n"
		 "anna@example.com:%s ; behind it\r\n"
		 "\tbea#1:%s\t# bea\n"
		 "no colon\n"
		 ":%s\n"
		 "nothing:\n"
		 "twice:%s\n"
		 "twice:$6$x$y\n"
		 "last:%s",
		 hash, hash, hash, hash, hash);
	passwords = read_text(text);
	assert_true(passwords_match(passwords, "anna@example.com", "secret"));
	assert_true(passwords_match(passwords, "bea#1", "secret"));
	assert_true(passwords_match(passwords, "last", "secret"));
	assert_true(passwords_match(passwords, "twice", "secret"));
	assert_false(passwords_match(passwords, "", "secret"));
	assert_false(passwords_match(passwords, "nothing", "secret"));
	assert_false(passwords_match(passwords, "nothing", ""));
	assert_false(passwords_match(passwords, "Last", "secret"));
	passwords_free(&passwords);
}

/* What crypt(3) answers with when it cannot hash must not pass for a hash. */
static void test_not_a_hash(void **state)
{
	static const char *const hashes[] = {"*", "*0",	 "*1",	   "!",	    "x",
					     "$", "$6$", "secret", "$9$a$b"};
	char text[128], long_password[1024];

	(void)state;
	memset(long_password, 'a', sizeof(long_password) - 1);
	long_password[sizeof(long_password) - 1] = '\0';
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		struct passwords *passwords;

		snprintf(text, sizeof(text), "jane:%s\n", hashes[i]);
		passwords = read_text(text);
		assert_false(passwords_match(passwords, "jane", "secret"));
		assert_false(passwords_match(passwords, "jane", hashes[i]));
		assert_false(passwords_match(passwords, "jane", ""));
		assert_false(passwords_match(passwords, "jane", long_password));
		passwords_free(&passwords);
	}
}

static void test_nobody(void **state)
{
	struct passwords *passwords = read_text("# nobody yet\n");

	(void)state;
	assert_false(passwords_match(passwords, "jane", "secret"));
	passwords_free(&passwords);
	assert_int_equal(passwords_read("/nowhere/passwords", &passwords), -ENOENT);
	assert_null(passwords);
}

static double seconds_to_match(const struct passwords *passwords, const char *user)
{
	struct timespec begin, end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	assert_false(passwords_match(passwords, user, "wrong"));
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	return (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
}

/* A factor of two is far from what the presence of a hash makes: several thousand. */
static void test_strangers_take_as_long(void **state)
{
	char text[512], hash[CRYPT_OUTPUT_SIZE];
	double known = 1e9, stranger = 1e9;
	struct passwords *passwords;

	(void)state;
	snprintf(text, sizeof(text), "jane:%s\n", hash_of("$6$", 20000, hash));
	passwords = read_text(text);
	for (int i = 0; i < 5; i++) {
		double of_jane = seconds_to_match(passwords, "jane");
		double of_john = seconds_to_match(passwords, "john");

		known = of_jane < known ? of_jane : known;
		stranger = of_john < stranger ? of_john : stranger;
	}
	assert_true(stranger > known / 2 && stranger < known * 2);
	passwords_free(&passwords);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_not_a_hash),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_strangers_take_as_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
