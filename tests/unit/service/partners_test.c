// SPDX-License-Identifier: GPL-2.0-only
/* Who delivered mail is remembered, within bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "service/partners.h"

static struct mxf_gate_record message(struct ip ip, uint64_t time)
{
	struct mxf_gate_record record = {.kind = MXF_RECORD_MESSAGE,
					 .code = 250,
					 .client_family = MXF_FAMILY_IPV4,
					 .time = time};

	ip_to_words(ip, record.client);
	return record;
}

static void note(struct partners *partners, uint64_t number, uint64_t time)
{
	const struct mxf_gate_record record = message((struct ip){.lo = number}, time);

	partners_note(partners, &record);
}

static uint64_t find(const struct partners *partners, uint64_t number)
{
	return partners_find(partners, MXF_FAMILY_IPV4, (struct ip){.lo = number});
}

static void test_the_last_message_is_kept(void **state)
{
	struct partners partners = {NULL};

	(void)state;
	assert_int_equal(find(&partners, 1), 0);
	note(&partners, 1, 100);
	note(&partners, 2, 200);
	note(&partners, 1, 300);
	assert_int_equal(find(&partners, 1), 300);
	assert_int_equal(find(&partners, 2), 200);
	assert_int_equal(find(&partners, 3), 0);
	assert_int_equal(partners_count(&partners), 2);
	partners_clear(&partners);
	assert_int_equal(partners_count(&partners), 0);
	assert_int_equal(find(&partners, 1), 0);
	note(&partners, 1, 400);
	assert_int_equal(find(&partners, 1), 400);
	partners_clear(&partners);
}

static void test_families_are_apart(void **state)
{
	struct partners partners = {NULL};

	(void)state;
	note(&partners, 1, 100);
	assert_int_equal(partners_find(&partners, MXF_FAMILY_IPV6, (struct ip){.lo = 1}), 0);
	partners_clear(&partners);
}

static void test_only_accepted_messages_count(void **state)
{
	const struct ip ip = {.lo = 1};
	struct mxf_gate_record records[] = {message(ip, 1), message(ip, 1), message(ip, 1),
					    message(ip, 0), message(ip, 1)};
	struct partners partners = {NULL};

	(void)state;
	records[0].kind = MXF_RECORD_ACCEPTED;
	records[1].code = 554;
	records[2].client_family = MXF_FAMILY_OTHER;
	records[4].kind = MXF_RECORD_COUNT;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		partners_note(&partners, &records[i]);
	assert_int_equal(partners_count(&partners), 0);
}

/* One who goes on delivering stays, whoever else comes. */
static void test_the_quietest_gives_way(void **state)
{
	struct partners partners = {NULL};

	(void)state;
	for (uint64_t i = 1; i <= PARTNERS_MAX; i++)
		note(&partners, i, i);
	note(&partners, 1, PARTNERS_MAX + 1);
	note(&partners, PARTNERS_MAX + 1, PARTNERS_MAX + 2);
	assert_int_equal(partners_count(&partners), PARTNERS_MAX);
	assert_int_equal(find(&partners, 2), 0);
	assert_int_equal(find(&partners, 1), PARTNERS_MAX + 1);
	assert_int_equal(find(&partners, 3), 3);
	for (uint64_t i = 0; i < 3 * PARTNERS_MAX; i++) {
		note(&partners, 1000000 + i, 1000000 + i);
		if (i % 1000 == 0)
			note(&partners, 1, 1000000 + i);
	}
	assert_int_equal(partners_count(&partners), PARTNERS_MAX);
	assert_int_not_equal(find(&partners, 1), 0);
	assert_int_equal(find(&partners, 3), 0);
	partners_clear(&partners);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_last_message_is_kept),
		cmocka_unit_test(test_families_are_apart),
		cmocka_unit_test(test_only_accepted_messages_count),
		cmocka_unit_test(test_the_quietest_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
