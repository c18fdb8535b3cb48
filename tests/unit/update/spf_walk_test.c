// SPDX-License-Identifier: GPL-2.0-only
/* What SPF records permit, in a DNS of a few lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/range.h"
#include "tools/update/spf_walk.h"

/* A zone: "NAME TYPE VALUE" lines; "fail", "empty" and "insecure" are types of their own. */
#define ANSWERS_MAX 16
#define RDATA_MAX 20000

struct fake {
	const char *zone;
	unsigned int questions;
	unsigned char data[ANSWERS_MAX][RDATA_MAX];
	struct dns_record records[ANSWERS_MAX];
};

static struct fake fake;

/* Splits "a.example TXT v=spf1 -all"; returns where the next line begins, or NULL at the end. */
static const char *read_line(const char *line, char name[256], char type[16], char *value)
{
	size_t length = strcspn(line, "\n");

	value[0] = '\0';
	if (length == 0)
		return NULL;
	assert_true(length < RDATA_MAX);
	assert_true(sscanf(line, "%255s %15s %[^\n]", name, type, value) >= 2);
	return line + length + (line[length] == '\n');
}

/* In strings of at most 100 bytes, as if somebody had folded it. */
static size_t write_text(const char *value, unsigned char *data)
{
	size_t size = 0;

	do {
		size_t piece = strlen(value) < 100 ? strlen(value) : 100;

		data[size++] = (unsigned char)piece;
		memcpy(data + size, value, piece);
		size += piece;
		value += piece;
	} while (*value);
	return size;
}

static size_t write_name(const char *value, unsigned char *data)
{
	size_t size = 0;

	while (*value && strcmp(value, ".") != 0) {
		size_t label = strcspn(value, ".");

		data[size++] = (unsigned char)label;
		memcpy(data + size, value, label);
		size += label;
		value += label + (value[label] == '.');
	}
	data[size++] = 0;
	return size;
}

static size_t write_address(const char *value, unsigned char *data, size_t size)
{
	struct ip ip;
	uint8_t family;

	assert_int_equal(ip_parse(value, strlen(value), &ip, &family), RANGE_OK);
	for (size_t i = 0; i < size; i++) {
		uint64_t word = size - i > 8 ? ip.hi : ip.lo;

		data[i] = (unsigned char)(word >> 8 * ((size - i - 1) % 8));
	}
	return size;
}

static size_t write_data(enum dns_type type, const char *value, unsigned char *data)
{
	switch (type) {
	case DNS_TXT:
		return write_text(value, data);
	case DNS_MX:
		data[0] = 0;
		data[1] = 10;
		return 2 + write_name(value, data + 2);
	case DNS_A:
		return write_address(value, data, 4);
	case DNS_AAAA:
		return write_address(value, data, 16);
	}
	return 0;
}

static void add_answer(struct dns_answer *answer, enum dns_type type, const char *value)
{
	assert_true(answer->count < ANSWERS_MAX);
	fake.records[answer->count].data = fake.data[answer->count];
	fake.records[answer->count].size = write_data(type, value, fake.data[answer->count]);
	answer->records = fake.records;
	answer->count++;
	answer->status = DNS_FOUND;
}

static void resolve(void *context, const char *name, enum dns_type type, struct dns_answer *answer)
{
	char owner[256], word[16], value[RDATA_MAX];
	const char *line = fake.zone;

	(void)context;
	fake.questions++;
	*answer = (struct dns_answer){.status = DNS_NO_NAME, .secure = true};
	while ((line = read_line(line, owner, word, value))) {
		if (strcmp(owner, name) != 0)
			continue;
		if (answer->status == DNS_NO_NAME)
			answer->status = DNS_NO_DATA;
		if (strcmp(word, "insecure") == 0)
			answer->secure = false;
		if (strcmp(word, "fail") == 0)
			*answer = (struct dns_answer){.status = DNS_FAILED, .why = value};
		if (strcmp(word, "fail") == 0 && strcmp(value, "time-out") == 0)
			answer->why = "time-out";
		else if (strcmp(word, "fail") == 0)
			answer->why = "SERVFAIL";
		if (strcmp(word, dns_type_name(type)) == 0)
			add_answer(answer, type, value);
	}
}

/* The ranges, divided by blanks; or "error: ..." */
static char *walk(const char *zone, struct gathering *gathering)
{
	struct failure failure = {.hint = NULL};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int error;

	assert_non_null(out);
	fake.zone = zone;
	fake.questions = 0;
	*gathering = (struct gathering){.all_secure = true};
	error = spf_walk("t.example", resolve, NULL, gathering, &failure);
	if (!error)
		error = gathering_finish(gathering, true, &failure);
	if (error)
		fprintf(out, "%s: %s", error == -EAGAIN ? "later" : "error", failure.why.text);
	for (size_t i = 0; !error && i < gathering->found.count; i++) {
		char range[RANGE_TEXT_MAX];

		range_format(&gathering->found.items[i].range, range);
		fprintf(out, "%s%s", i ? " " : "", range);
	}
	fclose(out);
	return text;
}

struct walk_case {
	const char *name;
	const char *zone;
	const char *expected; /* the ranges, or what the message has */
};

#define T "t.example TXT v=spf1 "
#define A24 "a.example TXT v=spf1 ip4:192.0.2.0/24 -all\n"
#define TEN_HOSTS                                                                                  \
	"m.example MX 0.example\nm.example MX 1.example\nm.example MX 2.example\n"                 \
	"m.example MX 3.example\nm.example MX 4.example\nm.example MX 5.example\n"                 \
	"m.example MX 6.example\nm.example MX 7.example\nm.example MX 8.example\n"                 \
	"m.example MX 9.example\n"

static const struct walk_case permitted[] = {
	{"ip4", T "ip4:192.0.2.0/24 ip4:198.51.100.7 -all\n", "192.0.2.0/24 198.51.100.7"},
	{"ip6", T "ip6:2001:db8::/32 ip6:2001:db8:1::1 ip6:2620::1/64 ~all\n",
	 "2001:db8::/32 2620::/64"},
	{"host bits", T "ip4:192.0.2.77/24\n", "192.0.2.0/24"},
	{"case",
	 "t.example TXT V=SPF1 IP4:192.0.2.0/24 INCLUDE:A.Example. -ALL\n"
	 "a.example TXT v=spf1 ip4:198.51.100.0/24\n",
	 "192.0.2.0/24 198.51.100.0/24"},
	{"blanks", "t.example TXT v=spf1   ip4:192.0.2.0/24  \n", "192.0.2.0/24"},
	{"other records", T "ip4:192.0.2.1\nt.example TXT v=spf10 +all\nt.example TXT google=1\n",
	 "192.0.2.1"},
	{"a", T "a -all\nt.example A 192.0.2.1\nt.example AAAA 2001:db8::1\n",
	 "192.0.2.1 2001:db8::1"},
	{"a with a domain", T "a:h.example -all\nh.example A 192.0.2.1\n", "192.0.2.1"},
	{"a with lengths",
	 T "a:h.example/24//64 -all\nh.example A 192.0.2.1\nh.example AAAA 2001:db8::1\n",
	 "192.0.2.0/24 2001:db8::/64"},
	{"a with one length", T "a/24 -all\nt.example A 192.0.2.1\nt.example AAAA 2001:db8::1\n",
	 "192.0.2.0/24 2001:db8::1"},
	{"a with the other", T "a//48 -all\nt.example A 192.0.2.1\nt.example AAAA 2001:db8::1\n",
	 "192.0.2.1 2001:db8::/48"},
	{"mx",
	 T "mx -all\nt.example MX m1.example\nt.example MX m2.example\nm1.example A 192.0.2.1\n"
	   "m2.example AAAA 2001:db8::2\n",
	 "192.0.2.1 2001:db8::2"},
	{"mx with lengths",
	 T "mx:m.example/28 -all\nm.example MX h.example\nh.example A 192.0.2.1\n", "192.0.2.0/28"},
	{"null mx", T "mx ip4:192.0.2.1\nt.example MX .\n", "192.0.2.1"},
	{"ten mx",
	 T "mx:m.example ip4:192.0.2.1\n" TEN_HOSTS "0.example A 192.0.2.2\n"
	   "1.example A 192.0.2.3\n2.example A 192.0.2.4\n3.example A 192.0.2.5\n"
	   "4.example A 192.0.2.6\n5.example A 192.0.2.7\n6.example A 192.0.2.8\n"
	   "7.example A 192.0.2.9\n8.example A 192.0.2.10\n9.example A 192.0.2.11\n",
	 "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8 "
	 "192.0.2.9 192.0.2.10 192.0.2.11"},
	{"include", T "include:a.example ip4:198.51.100.0/24 -all\n" A24,
	 "192.0.2.0/24 198.51.100.0/24"},
	{"include with another qualifier",
	 T "~include:a.example -include:b.example ?include:b.example ip4:198.51.100.1\n" A24
	   "b.example TXT v=spf1 ip4:203.0.113.0/24\n",
	 "198.51.100.1"},
	{"a record twice",
	 T "include:a.example include:b.example\n" A24 "b.example TXT v=spf1 include:a.example\n",
	 "192.0.2.0/24"},
	{"all of an include does not end the record",
	 T "include:a.example ip4:198.51.100.0/24\n" A24, "192.0.2.0/24 198.51.100.0/24"},
	{"redirect", T "ip4:198.51.100.1 redirect=a.example\n" A24, "192.0.2.0/24 198.51.100.1"},
	{"redirect before the rest", T "redirect=a.example ip4:198.51.100.1\n" A24,
	 "192.0.2.0/24 198.51.100.1"},
	{"no redirect with all", T "redirect=a.example ip4:198.51.100.1 ~all\n", "198.51.100.1"},
	{"nothing behind all", T "ip4:198.51.100.1 -all ip4:192.0.2.0/24 include:b.example\n",
	 "198.51.100.1"},
	{"qualifiers", T "+ip4:192.0.2.1 -ip4:192.0.2.2 ~ip4:192.0.2.3 ?ip4:192.0.2.4\n",
	 "192.0.2.1"},
	{"what fails first does not pass later", T "-ip4:192.0.2.64/26 ip4:192.0.2.0/24\n",
	 "192.0.2.0/26 192.0.2.128/25"},
	{"what passes first does", T "ip4:192.0.2.0/24 -ip4:192.0.2.64/26\n", "192.0.2.0/24"},
	{"a negative include takes away",
	 T "?include:a.example ip4:192.0.0.0/20 ip4:198.51.100.1\n"
	   "a.example TXT v=spf1 ip4:192.0.0.0/21 -all\n",
	 "192.0.8.0/21 198.51.100.1"},
	{"what an include refuses passes in the record above",
	 T "include:a.example ip4:192.0.2.0/24\na.example TXT v=spf1 -ip4:192.0.2.0/24 -all\n",
	 "192.0.2.0/24"},
	{"everybody taken away",
	 T "ip4:192.0.2.1 ?include:a.example ip4:198.51.100.1\n"
	   "a.example TXT v=spf1 +all\n",
	 "192.0.2.1"},
	{"exists and ptr", T "exists:b.example ptr ptr:b.example ip4:192.0.2.1\n", "192.0.2.1"},
	{"macros",
	 T "include:%{d}.b.example a:%{i}.example exists:%{l1r/-}.%{ir}._spf.example "
	   "mx:%{h}%%%_%-.example ip4:192.0.2.1 redirect=%{d2}\n",
	 "192.0.2.1"},
	{"modifiers", T "exp=%{i}.why.example x-new=%{d}/ ra=postmaster ip4:192.0.2.1\n",
	 "192.0.2.1"},
	{"modifiers named as mechanisms", T "ip4=192.0.2.9 a=h.example ip4:192.0.2.1\n",
	 "192.0.2.1"},
	{"nested", T "ip4:192.0.2.0/25 ip4:192.0.2.7 ip4:192.0.2.0/24 ip4:192.0.2.0/24\n",
	 "192.0.2.0/24"},
	{"touching ranges stay", T "ip4:192.0.2.0/25 ip4:192.0.2.128/25\n",
	 "192.0.2.0/25 192.0.2.128/25"},
	{"two voids", T "a:n1.example mx:n2.example ip4:192.0.2.1\n", "192.0.2.1"},
	{"ten lookups",
	 T "include:a.example include:a.example include:a.example include:a.example "
	   "include:a.example include:a.example include:a.example include:a.example "
	   "include:a.example redirect=a.example\n" A24,
	 "192.0.2.0/24"},
	{"widest", T "ip4:17.0.0.0/8 ip6:2600::/16\n", "17.0.0.0/8 2600::/16"},
};

static const struct walk_case refused[] = {
	{"no name", "x.example TXT v=spf1 -all\n", "there is no such name, at t.example"},
	{"no record", "t.example TXT hello\n", "no SPF record"},
	{"no data", "t.example A 192.0.2.1\n", "no SPF record"},
	{"several", T "-all\n" T "ip4:192.0.2.1\n", "several SPF records"},
	{"include of nothing", T "include:a.example\n",
	 "there is no such name, at t.example > a.example"},
	{"include without record", T "include:a.example\na.example A 192.0.2.1\n",
	 "no SPF record, at t.example > a.example"},
	{"redirect to nothing", T "redirect=a.example\n", "there is no such name"},
	{"fail", "t.example fail x\n", "later: TXT t.example: SERVFAIL, at t.example"},
	{"time-out below", T "include:a.example ip4:192.0.2.1\na.example fail time-out\n",
	 "later: TXT a.example: time-out, at t.example > a.example"},
	{"fail of a host", T "a:h.example ip4:192.0.2.1\nh.example fail x\n",
	 "later: A h.example: SERVFAIL"},
	{"fail of a mail host", T "mx ip4:192.0.2.1\nt.example MX h.example\nh.example fail x\n",
	 "later: A h.example: SERVFAIL"},
	{"no domain", T "a:h..example\n", "a:h..example: that is no domain"},
	{"no domain either", T "include:h$.example\n", "that is no domain"},
	{"everybody", T "ip4:192.0.2.1 +all\n", "+all would trust everybody, at t.example"},
	{"everybody, without a sign", T "all\n", "all would trust everybody"},
	{"everybody below", T "include:a.example -all\na.example TXT v=spf1 all\n",
	 "all would trust everybody, at t.example > a.example"},
	{"everybody by redirect", T "redirect=a.example\na.example TXT v=spf1 +all\n",
	 "would trust everybody"},
	{"everybody as a range", T "ip4:0.0.0.0/0 -all\n", "0.0.0.0/0 is wider than /8"},
	{"everybody by length", T "a/0 -all\nt.example A 192.0.2.1\n", "wider than /8"},
	{"everybody of IPv6", T "ip6:::/0 -all\n", "::/0 is wider than /16"},
	{"too wide", T "ip4:16.0.0.0/7\n", "16.0.0.0/7 is wider than /8"},
	{"too wide, IPv6", T "ip6:2600::/15\n", "2600::/15 is wider than /16"},
	{"loop", T "include:a.example\na.example TXT v=spf1 include:t.example -all\n",
	 "circle, at t.example > a.example > t.example"},
	{"loop to itself", T "redirect=t.example\n", "circle, at t.example > t.example"},
	{"eleven lookups",
	 T "include:a.example include:a.example include:a.example include:a.example "
	   "include:a.example a a a a a redirect=a.example\n" A24,
	 "11 terms that take DNS queries, which makes 11 so far; 10 are allowed"},
	{"eleven lookups in depth",
	 T "include:a.example exists:x.example\n"
	   "a.example TXT v=spf1 ptr ptr ptr ptr ptr include:b.example\n"
	   "b.example TXT v=spf1 a a a\n",
	 "3 terms that take DNS queries, which makes 11 so far; 10 are allowed (RFC 7208, section "
	 "4.6.4), at t.example > a.example > b.example"},
	{"three voids", T "a:n1.example a:n2.example mx:n3.example ip4:192.0.2.1\n",
	 "mx:n3.example is the third name without an answer"},
	{"eleven mx", T "mx:m.example\n" TEN_HOSTS "m.example MX 10.example\n",
	 "mx:m.example has 11 hosts; 10 are allowed"},
	{"bad mx", T "mx\nt.example MX a*b.example\n", "a host's name is none"},
	{"private", T "ip4:192.0.2.1 ip4:10.1.0.0/16\n",
	 "10.1.0.0/16 is or holds addresses that are no public ones: private (ip4:10.1.0.0/16 in "
	 "t.example)"},
	{"holds private", T "ip4:192.160.0.0/12\n", "private"},
	{"loopback", T "a -all\nt.example A 127.0.0.1\n", "loopback"},
	{"loopback, IPv6", T "a -all\nt.example AAAA ::1\n", "::1 is or holds"},
	{"link-local", T "ip6:fe80::1\n", "fe80::1 is or holds"},
	{"unique local", T "ip6:fd00::/32\n", "private"},
	{"multicast", T "ip4:224.0.0.5\n", "multicast"},
	{"reserved", T "ip4:255.255.255.255\n", "reserved"},
	{"reserved, IPv6", T "ip6:4000::/32\n", "reserved"},
	{"nothing", T "-all\n", "it names no range at all"},
	{"nothing at all", "t.example TXT v=spf1\n", "it names no range at all"},
	{"only negative", T "-ip4:192.0.2.0/24 ~include:a.example\n" A24, "no range at all"},
	{"all taken away", T "-ip4:192.0.2.0/24 ip4:192.0.2.7\n", "no range at all"},
};

static const char *const bad_terms[] = {
	"ip4",
	"ip4:",
	"ip4:192.0.2.300",
	"ip4:192.0.2.0/33",
	"ip4:192.0.2.0/024",
	"ip4:192.0.2.0/",
	"ip4:192.0.2.0/255.255.255.0",
	"ip4:192.0.2.1-192.0.2.9",
	"ip4:2001:db8::/32",
	"ip4:192.0.02.1",
	"ip4/24",
	"ip6:192.0.2.1",
	"ip6:2001:db8::/129",
	"ip6:2001:db8::g",
	"ip6:::ffff:192.0.2.1",
	"ip6:fe80::1%eth0",
	"a:",
	"a:localhost",
	"a:h.example/33",
	"a:h.example//129",
	"a:h.example/24/64",
	"a/",
	"a//",
	"a:h.example/24//",
	"a:h.123",
	"a:h.-example",
	"include",
	"include:",
	"include/24",
	"include:a.example/24",
	"include:%{x}.example",
	"include:%{d",
	"include:%a.example",
	"include:%",
	"redirect=a.example redirect=a.example",
	"redirect=",
	"redirect:a.example",
	"-redirect=a.example",
	"exp=a.example exp=b.example",
	"exists",
	"ptr:",
	"all:a.example",
	"all/24",
	"al",
	"all.",
	"-",
	"--all",
	"ipv4:192.0.2.1",
	"x-new=%",
	"=x",
	"192.0.2.1",
	"\xc3\xa9",
	"\t-all",
};

static void test_permitted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(permitted) / sizeof(permitted[0]); i++) {
		struct gathering gathering;
		char *text = walk(permitted[i].zone, &gathering);

		if (strcmp(text, permitted[i].expected) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", permitted[i].name, text,
				 permitted[i].expected);
		free(text);
		gathering_clear(&gathering);
	}
}

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct gathering gathering;
		char *text = walk(refused[i].zone, &gathering);

		if ((strncmp(text, "error: ", 7) && strncmp(text, "later: ", 7)) ||
		    !strstr(text, refused[i].expected))
			fail_msg("%s: \"%s\", not \"%s\"", refused[i].name, text,
				 refused[i].expected);
		free(text);
		gathering_clear(&gathering);
	}
}

/* A term that is not right spoils the whole record, wherever it stands. */
static void test_bad_terms(void **state)
{
	static const char *const forms[] = {T "ip4:192.0.2.1 %s -all\n", T "%s ip4:192.0.2.1\n",
					    T "ip4:192.0.2.1 -all %s\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad_terms) / sizeof(bad_terms[0]); i++) {
		for (size_t form = 0; form < 3; form++) {
			struct gathering gathering;
			char zone[512];
			char *text;

			snprintf(zone, sizeof(zone), forms[form], bad_terms[i]);
			text = walk(zone, &gathering);
			if (!strstr(text, "is not right in an SPF record") &&
			    !strstr(text, "visible ASCII"))
				fail_msg("\"%s\": \"%s\"", bad_terms[i], text);
			free(text);
			gathering_clear(&gathering);
		}
	}
}

/* One record of 400 includes is refused before anything of it is asked. */
static void test_400_includes(void **state)
{
	struct gathering gathering;
	char *zone = malloc(RDATA_MAX), *text;
	size_t length = (size_t)sprintf(zone, T);

	(void)state;
	for (int i = 0; i < 400; i++)
		length += (size_t)sprintf(zone + length, "include:s%d.example ", i);
	strcpy(zone + length, "-all\n");
	text = walk(zone, &gathering);
	assert_non_null(strstr(text, "400 terms that take DNS queries"));
	assert_int_equal(fake.questions, 1);
	free(text);
	free(zone);
	gathering_clear(&gathering);
}

static void test_provenance(void **state)
{
	struct gathering gathering;
	char *text = walk(T "include:a.example mx a ptr ip4:192.0.2.7\n" A24
			    "t.example MX m.example\nm.example A 198.51.100.1\n"
			    "t.example A 198.51.100.2\n",
			  &gathering);

	(void)state;
	assert_int_equal(gathering.found.count, 3);
	assert_string_equal(gathering.found.items[0].origin, "ip4:192.0.2.0/24 in a.example");
	assert_string_equal(gathering.found.items[1].origin, "mx in t.example, m.example");
	assert_string_equal(gathering.found.items[2].origin, "a in t.example");
	assert_int_equal(gathering.read.count, 2);
	assert_string_equal(gathering.read.lines[1], "a.example: v=spf1 ip4:192.0.2.0/24 -all");
	assert_int_equal(gathering.left.count, 2);
	assert_string_equal(gathering.left.lines[0],
			    "ptr in t.example: left out, as it depends on the sender");
	assert_string_equal(gathering.left.lines[1],
			    "192.0.2.7 (ip4:192.0.2.7 in t.example): 192.0.2.0/24 "
			    "(ip4:192.0.2.0/24 in a.example) holds it");
	assert_true(gathering.all_secure);
	free(text);
	gathering_clear(&gathering);
}

/* One answer without a signature is enough. */
static void test_insecure(void **state)
{
	struct gathering gathering;
	char *text = walk(T "include:a.example\na.example insecure x\n" A24, &gathering);

	(void)state;
	assert_string_equal(text, "192.0.2.0/24");
	assert_false(gathering.all_secure);
	free(text);
	gathering_clear(&gathering);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_permitted),  cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bad_terms),  cmocka_unit_test(test_400_includes),
		cmocka_unit_test(test_provenance), cmocka_unit_test(test_insecure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
