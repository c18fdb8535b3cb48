// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/ranges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/range.h"

struct range_list ranges_read(const char *name, enum list_action action, const char *const *texts)
{
	struct range_list list = {.name = (char *)name, .action = action};

	while (texts[list.count])
		list.count++;
	list.ranges = calloc(list.count + 1, sizeof(*list.ranges));
	assert_non_null(list.ranges);
	for (size_t i = 0; i < list.count; i++) {
		assert_int_equal(range_parse(texts[i], strlen(texts[i]), &list.ranges[i]),
				 RANGE_OK);
		list.ranges[i].line = (uint32_t)i + 1;
	}
	return list;
}

struct ip address_read(const char *text, uint8_t *family)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, strlen(text), &ip, family), RANGE_OK);
	return ip;
}
