// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/key_table.h"

static const struct key_entry *add(struct key_table *table, const char *key, uint32_t value,
				   uint32_t line)
{
	const struct key_entry *before;

	assert_int_equal(key_table_add(table, key, strlen(key), value, (struct place){.line = line},
				       &before),
			 0);
	return before;
}

static const struct key_entry *find(const struct key_table *table, const char *key)
{
	return key_table_find(table, key, strlen(key));
}

static void test_values_of_one_key(void **state)
{
	struct key_table table = {0};
	const struct key_entry *entry;

	(void)state;
	assert_null(find(&table, "a@x"));
	for (uint32_t value = 0; value < 5; value++) {
		assert_null(add(&table, "a@x", value, value + 1));
		assert_null(add(&table, "b@x", value, value + 1));
		assert_int_equal(add(&table, "a@x", value, 99)->place.line, value + 1);
	}
	entry = find(&table, "a@x");
	for (uint32_t value = 0; value < 5; value++, entry = key_table_next(&table, entry)) {
		assert_non_null(entry);
		assert_int_equal(entry->value, value);
		assert_int_equal(entry->place.line, value + 1);
	}
	assert_null(entry);
	assert_null(find(&table, "a@"));
	assert_null(find(&table, "a@xy"));
	assert_null(find(&table, ""));
	key_table_clear(&table);
	assert_null(find(&table, "a@x"));
}

static void test_domains(void **state)
{
	static const struct {
		const char *domain, *holder;
	} cases[] = {
		{"example.com", "example.com"},
		{"a.example.com", NULL},
		{"dept.example", ".dept.example"},
		{"a.dept.example", ".dept.example"},
		{"b.dept.example", ".b.dept.example"},
		{"c.b.dept.example", ".b.dept.example"},
		{"adept.example", NULL},
		{"example", NULL},
		{"", NULL},
		{".", NULL},
		{"x.org", "x.org"},
		{"y.x.org", ".x.org"},
	};
	struct key_table table = {0};

	(void)state;
	add(&table, "example.com", 0, 1);
	assert_null(key_table_find_domain(&table, "a.example.com", 13));
	add(&table, ".dept.example", 0, 1);
	add(&table, ".b.dept.example", 0, 1);
	add(&table, "x.org", 0, 1);
	add(&table, ".x.org", 0, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct key_entry *found =
			key_table_find_domain(&table, cases[i].domain, strlen(cases[i].domain));

		if (!cases[i].holder) {
			assert_null(found);
			continue;
		}
		assert_non_null(found);
		assert_int_equal(found->size, strlen(cases[i].holder));
		assert_memory_equal(found->key, cases[i].holder, found->size);
	}
	key_table_clear(&table);
}

static void test_a_million(void **state)
{
	struct key_table table = {0};
	const struct key_entry *entry;
	char key[32];

	(void)state;
	for (uint32_t i = 0; i < 1000000; i++) {
		snprintf(key, sizeof(key), "user%u@example.com", i);
		assert_null(add(&table, key, i, i));
	}
	for (uint32_t i = 0; i < 1000000; i += 997) {
		snprintf(key, sizeof(key), "user%u@example.com", i);
		entry = find(&table, key);
		assert_non_null(entry);
		assert_int_equal(entry->value, i);
		snprintf(key, sizeof(key), "user%u@example.org", i);
		assert_null(find(&table, key));
	}
	key_table_clear(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_of_one_key),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_a_million),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
