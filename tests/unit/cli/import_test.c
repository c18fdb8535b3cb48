// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/mxfence/import.h"

/* What is in a text, and what comes of it: the addresses with a line end behind each. */
struct sample {
	const char *name;
	enum import_format format;
	enum import_choice choice;
	const char *group;
	const char *text;
	const char *addresses;
	size_t warnings, errors;
};

static const char users_ldif[] = "version: 1\n"
				 "\n"
				 "dn: CN=Jane,DC=example,DC=com\r\n"
				 "cn: Jane\r\n"
				 "mail: Jane@Example.com\r\n"
				 "proxyAddresses: SMTP:jane@example.com\r\n"
				 "proxyAddresses: X500:/o=x/cn=y\r\n"
				 "proxyAddresses:: c210cDpqQGV4YW1wbGUub3Jn\r\n"
				 "msExchRequireAuthToSendTo: TRUE\r\n"
				 "\r\n"
				 "# a comment\n"
				 "dn:: Q049Qm9iLERDPWV4YW1wbGUsREM9Y29t\n"
				 "cn: Bob\n"
				 "proxyAddresses: smtp:bob@exam\n"
				 " ple.com\n"
				 "photo:< file:///nowhere\n"
				 "\n"
				 "dn: CN=Inner,DC=example,DC=com\n"
				 "cn: Inner\n"
				 "member: CN=Bob,DC=example,DC=com\n"
				 "member: CN=Outer,DC=example,DC=com\n"
				 "\n"
				 "dn: CN=Outer,DC=example,DC=com\n"
				 "cn: Outer\n"
				 "mail: all@example.com\n"
				 "member;range=0-1: cn=jane,dc=EXAMPLE,dc=com\n"
				 "member: CN=Inner,DC=example,DC=com\n"
				 "member: CN=Gone,DC=example,DC=com\n"
				 "\n"
				 "dn: CN=Connector,DC=example,DC=com\n"
				 "unauthOrig: CN=Jane,DC=example,DC=com\n"
				 "dLMemRejectPerms: CN=Inner,DC=example,DC=com\n";

static const struct sample samples[] = {
	{.name = "a list",
	 .format = IMPORT_PLAIN,
	 .text = "# people\nJane@Example.com ; first\r\n@example.org\n\n\"jane\"@example.com\nnobody\n",
	 .addresses = "@example.org\njane@example.com\n",
	 .warnings = 1},
	{.name = "the administrator of Exchange 5.5",
	 .format = IMPORT_EXCHANGE55,
	 .text = "Obj-Class,Mode,Directory Name,E-mail addresses,Secondary-Proxy-Addresses\r\n"
		 "Mailbox,Modify,jane,SMTP:jane@example.com%X400:c=US;a= ;p=x,smtp:a\\%b@example.com%~DEL\r\n"
		 "Mailbox,Delete,bob,SMTP:bob@example.com,\r\n",
	 .addresses = "a%b@example.com\njane@example.com\n"},
	{.name = "Export-Csv",
	 .format = IMPORT_CSV,
	 .text = "#TYPE Selected.Mailbox\r\n"
		 "\"Name\",\"PrimarySmtpAddress\",\"EmailAddresses\"\r\n"
		 "\"Doe, \"\"J\"\"\",\"jane@example.com\","
		 "\"{X500:/o=A B, c/ou=x, smtp:j@example.com, SIP:jane@example.com}\"\r\n",
	 .addresses = "j@example.com\njane@example.com\n"},
	{.name = "csvde",
	 .format = IMPORT_CSV,
	 .text = "DN,mail,proxyAddresses,msExchRequireAuthToSendTo\n"
		 "\"CN=Jane,DC=example\",jane@example.com,smtp:j@example.com;SMTP:jane@example.com,TRUE\n"
		 "\"CN=Bob,DC=example\",bob@example.com,,FALSE\n",
	 .choice = IMPORT_CLOSED,
	 .addresses = "j@example.com\njane@example.com\n"},
	{.name = "a quote that is not closed",
	 .format = IMPORT_CSV,
	 .text = "mail\n\"jane@example.com\n",
	 .addresses = "",
	 .warnings = 1,
	 .errors = 1},
	{.name = "no addresses at all",
	 .format = IMPORT_CSV,
	 .text = "Name,Office\nJane,1\n",
	 .addresses = "",
	 .errors = 1},
	{.name = "LDIF",
	 .format = IMPORT_LDIF,
	 .text = users_ldif,
	 .addresses = "all@example.com\nbob@example.com\nj@example.org\njane@example.com\n",
	 .warnings = 1},
	{.name = "LDIF, closed to strangers",
	 .format = IMPORT_LDIF,
	 .choice = IMPORT_CLOSED,
	 .text = users_ldif,
	 .addresses = "j@example.org\njane@example.com\n",
	 .warnings = 1},
	{.name = "LDIF, rejected senders",
	 .format = IMPORT_LDIF,
	 .choice = IMPORT_REJECTED,
	 .text = users_ldif,
	 .addresses = "all@example.com\nbob@example.com\nj@example.org\njane@example.com\n",
	 .warnings = 2},
	{.name = "LDIF, a group within itself",
	 .format = IMPORT_LDIF,
	 .group = "outer",
	 .text = users_ldif,
	 .addresses = "all@example.com\nbob@example.com\nj@example.org\njane@example.com\n",
	 .warnings = 2},
	{.name = "LDIF with changes",
	 .format = IMPORT_LDIF,
	 .text = "dn: CN=A\nchangetype: add\nmail: a@example.com\n\n"
		 "dn: CN=B\nchangetype: delete\n\ndn: CN=C\nnonsense\nmail:: ###\n",
	 .addresses = "a@example.com\n",
	 .warnings = 1,
	 .errors = 2},
};

static void test_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const struct sample *sample = &samples[i];
		struct import import;
		struct import_set set;
		char found[512] = "";

		print_message("%s\n", sample->name);
		import_read(sample->format, sample->text, strlen(sample->text), &import);
		assert_true(import_select(&import, sample->choice, sample->group, &set));
		for (size_t k = 0; k < set.count; k++) {
			strcat(found, set.keys[k]);
			strcat(found, "\n");
		}
		assert_string_equal(found, sample->addresses);
		assert_int_equal(import.warnings, sample->warnings);
		assert_int_equal(import.errors, sample->errors);
		import_set_clear(&set);
		import_clear(&import);
	}
}

static void test_detects(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		if (!samples[i].errors)
			assert_int_equal(import_detect(samples[i].text, strlen(samples[i].text)),
					 samples[i].format);
}

static void test_unknown_group(void **state)
{
	struct import import;
	struct import_set set;

	(void)state;
	import_read(IMPORT_LDIF, users_ldif, strlen(users_ldif), &import);
	assert_false(import_select(&import, IMPORT_ALL, "nobody", &set));
	import_set_clear(&set);
	import_clear(&import);
}

static void test_decodes(void **state)
{
	static const char utf16[] = "\xff\xfe"
				    "a\0@\0b\0";
	size_t size;
	char *text;

	(void)state;
	text = import_decode(utf16, sizeof(utf16) - 1, &size);
	assert_string_equal(text, "a@b");
	assert_int_equal(size, 3);
	free(text);
	text = import_decode("\xef\xbb\xbf"
			     "x",
			     4, &size);
	assert_string_equal(text, "x");
	free(text);
	assert_null(import_decode("\xff\xfe"
				  "a",
				  3, &size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_detects),
		cmocka_unit_test(test_unknown_group),
		cmocka_unit_test(test_decodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
