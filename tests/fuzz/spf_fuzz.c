// SPDX-License-Identifier: GPL-2.0-only
/*
 * SPF records out of the DNS: whatever they say, no term lies outside of the text, and what a
 * record permits can be written to a list file. Every name has the same record, address and mail
 * host.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/range.h"
#include "tools/update/spf_record.h"
#include "tools/update/spf_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* The input: a TXT record, or, behind an odd first byte, what every question is answered with. */
struct fake {
	struct dns_record record;
	bool any_type;
};

static void resolve(void *context, const char *name, enum dns_type type, struct dns_answer *answer)
{
	static const unsigned char address[16] = {0x20, 0x01, 0x0d, 0xb8};
	static const unsigned char host[] = "\0\12\1h\7example";
	static struct dns_record other;
	const struct fake *fake = context;

	require(strlen(name) <= DNS_NAME_MAX);
	other.data = type == DNS_MX ? host : address;
	other.size = type == DNS_MX ? sizeof(host) : type == DNS_A ? 4 : 16;
	answer->status = DNS_FOUND;
	answer->count = 1;
	answer->records = type == DNS_TXT || fake->any_type ? &fake->record : &other;
}

static void check_terms(const char *text, size_t size)
{
	struct spf_record record = {.terms = NULL};
	struct trouble trouble;
	int error = spf_record_parse(text, size, &record, &trouble);

	for (size_t i = 0; i < record.count && !error; i++) {
		const struct spf_term *term = &record.terms[i];

		require(term->text >= text && term->text + term->size <= text + size);
		require(!term->domain ||
			(term->domain > term->text && term->domain_size > 0 &&
			 term->domain + term->domain_size <= term->text + term->size));
		require(ip_compare(term->range.first, term->range.last) <= 0);
		require(term->lengths[0] <= 32 && term->lengths[1] <= 128);
	}
	spf_record_clear(&record);
}

static void check_found(const struct gathering *gathering)
{
	for (size_t i = 0; i < gathering->found.count; i++) {
		const struct found_range *found = &gathering->found.items[i];
		struct range again = found->range;
		char text[RANGE_TEXT_MAX];
		size_t length = range_format(&found->range, text);

		require(range_parse(text, length, &again) == RANGE_OK);
		require(ip_equal(again.first, found->range.first) &&
			ip_equal(again.last, found->range.last));
		require(!strpbrk(found->origin, "\r\n"));
		require(i == 0 || found[-1].range.family != found->range.family ||
			ip_compare(found[-1].range.last, found->range.first) < 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake fake = {.any_type = size > 0 && data[0] & 1};
	struct gathering gathering = {.all_secure = true};
	struct failure failure;
	char *text;
	long length;

	if (size == 0)
		return 0;
	fake.record = (struct dns_record){.data = data + 1, .size = size - 1};
	text = malloc(size);
	require(text != NULL);
	length = dns_text_join(&fake.record, text);
	if (length >= 0 && spf_is_record(text, (size_t)length))
		check_terms(text, (size_t)length);
	free(text);
	if (spf_walk("t.example", resolve, &fake, &gathering, &failure) == 0 &&
	    gathering_finish(&gathering, true, &failure) == 0)
		check_found(&gathering);
	gathering_clear(&gathering);
	return 0;
}
