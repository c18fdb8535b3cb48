// SPDX-License-Identifier: GPL-2.0-only
#include "spf_walk.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/range.h"
#include "core/scoped.h"
#include "spf_record.h"

struct walk {
	dns_resolve_fn *resolve;
	void *context;
	struct gathering *gathering;
	struct failure *failure;
	unsigned int lookups; /* terms that take DNS queries, so far */
	unsigned int voids;   /* of those, without an answer */
};

/* A record that is being followed. */
struct level {
	struct walk *walk;
	const struct level *above;
	char domain[DNS_NAME_MAX + 1];
	bool negated;		   /* what it permits is taken out of something */
	struct found found;	   /* what it permits */
	struct range_array except; /* what matched before, and does not pass */
};

/* "a.example > b.example" */
static void print_way(FILE *out, const struct level *level)
{
	if (level->above) {
		print_way(out, level->above);
		fputs(" > ", out);
	}
	fputs(level->domain, out);
}

static int fail(const struct level *level, int error, const char *hint, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static int fail(const struct level *level, int error, const char *hint, const char *format, ...)
{
	struct failure *failure = level->walk->failure;
	char *text SCOPED_FREE = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	va_list arguments;

	if (!out)
		return -ENOMEM;
	va_start(arguments, format);
	vfprintf(out, format, arguments);
	va_end(arguments);
	fputs(", at ", out);
	print_way(out, level);
	fclose(out);
	failure->hint = hint;
	return trouble_set(&failure->why, error, "%s", text ? text : "out of memory");
}

#define BROKEN(level, ...) fail(level, -EINVAL, FAILURE_HINT_OWNER, __VA_ARGS__)

/* What is permitted, minus what was refused before. */
static int permit(struct level *level, struct found *found)
{
	return found_move(&level->found, found, &level->except);
}

/* What a term matches counts as its qualifier says. */
static int take(struct level *level, const struct spf_term *term, struct found *found)
{
	int error;

	if (term->qualifier == '+')
		return permit(level, found);
	error = found_merge_into(found, &level->except);
	found_clear(found);
	return error;
}

static void skip(const struct level *level, const struct spf_term *term, const char *why)
{
	notes_add(&level->walk->gathering->left, "%.*s in %s: %s", (int)term->size, term->text,
		  level->domain, why);
}

static int look_up(const struct level *level, const char *name, enum dns_type type,
		   struct dns_answer *answer)
{
	struct walk *walk = level->walk;

	*answer = (struct dns_answer){.status = DNS_FAILED, .why = "no answer"};
	walk->resolve(walk->context, name, type, answer);
	if (answer->status == DNS_FAILED)
		return fail(level, -EAGAIN, FAILURE_HINT_AGAIN, "%s %s: %s", dns_type_name(type),
			    name, answer->why);
	walk->gathering->all_secure &= answer->secure;
	return 0;
}

static int count_void(const struct level *level, const struct spf_term *term)
{
	if (++level->walk->voids <= SPF_VOIDS_MAX)
		return 0;
	return BROKEN(level,
		      "%.*s is the third name without an answer; two are allowed (RFC 7208, "
		      "section 4.6.4)",
		      (int)term->size, term->text);
}

/* The domain of a term, or else the record's own. */
static int term_domain(const struct level *level, const struct spf_term *term,
		       char domain[DNS_NAME_MAX + 1])
{
	if (!term->domain) {
		strcpy(domain, level->domain);
		return 0;
	}
	if (dns_name_normalise(term->domain, term->domain_size, domain))
		return 0;
	return BROKEN(level, "%.*s: that is no domain", (int)term->size, term->text);
}

static struct range prefix_around(struct ip ip, uint8_t family, unsigned int length)
{
	unsigned int rest = (family == MXF_FAMILY_IPV4 ? 32 : 128) - length;
	struct ip low = {
		.hi = rest > 64 ? UINT64_MAX >> (128 - rest) : 0,
		.lo = rest >= 64 ? UINT64_MAX : (UINT64_C(1) << rest) - 1,
	};

	return (struct range){
		.first = {.hi = ip.hi & ~low.hi, .lo = ip.lo & ~low.lo},
		.last = {.hi = ip.hi | low.hi, .lo = ip.lo | low.lo},
		.family = family,
	};
}

/* The address in an A or AAAA record, most significant byte first. */
static struct ip read_address(const unsigned char *data, size_t size)
{
	struct ip ip = {0};

	for (size_t i = 0; i < size; i++) {
		ip.hi = ip.hi << 8 | ip.lo >> 56;
		ip.lo = ip.lo << 8 | data[i];
	}
	return ip;
}

/* "mx:b.example in a.example, mx1.b.example" */
static char *host_origin(const struct level *level, const struct spf_term *term, const char *host)
{
	bool is_other = term->kind == SPF_MX;
	char *origin;

	if (asprintf(&origin, "%.*s in %s%s%s", (int)term->size, term->text, level->domain,
		     is_other ? ", " : "", is_other ? host : "") < 0)
		return NULL;
	return origin;
}

static int add_addresses(const struct level *level, const struct spf_term *term, const char *host,
			 enum dns_type type, struct found *found)
{
	uint8_t family = type == DNS_A ? MXF_FAMILY_IPV4 : MXF_FAMILY_IPV6;
	size_t size = type == DNS_A ? 4 : 16;
	struct dns_answer answer;
	int error = look_up(level, host, type, &answer);

	for (size_t i = 0; i < answer.count && !error; i++) {
		struct ip ip = read_address(answer.records[i].data, size);
		struct range range = prefix_around(ip, family, term->lengths[type != DNS_A]);

		if (answer.records[i].size != size)
			return BROKEN(level, "%s %s: that is no address", dns_type_name(type),
				      host);
		error = found_add(found, &range, host_origin(level, term, host));
	}
	return error;
}

/* All addresses of a host; one without any counts as a lookup without an answer. */
static int add_host(const struct level *level, const struct spf_term *term, const char *host,
		    struct found *found)
{
	size_t before = found->count;
	int error = add_addresses(level, term, host, DNS_A, found);

	if (!error)
		error = add_addresses(level, term, host, DNS_AAAA, found);
	if (!error && found->count == before)
		error = count_void(level, term);
	return error;
}

/* The hosts' names out of an answer that the next question makes void. */
struct hosts {
	char names[SPF_MX_MAX][DNS_NAME_MAX + 1];
	size_t count;
};

static int read_hosts(const struct level *level, const struct spf_term *term,
		      const struct dns_answer *answer, struct hosts *hosts)
{
	hosts->count = 0;
	if (answer->count > SPF_MX_MAX)
		return BROKEN(level, "%.*s has %zu hosts; %u are allowed (RFC 7208, section 4.6.4)",
			      (int)term->size, term->text, answer->count, SPF_MX_MAX);
	for (size_t i = 0; i < answer->count; i++) {
		const struct dns_record *record = &answer->records[i];
		char *name = hosts->names[hosts->count];

		if (record->size < 3 || !dns_name_read(record->data + 2, record->size - 2, name))
			return BROKEN(level, "%.*s: a host's name is none", (int)term->size,
				      term->text);
		hosts->count += name[0] != '\0'; /* the root: RFC 7505, takes no mail */
	}
	return 0;
}

static int add_mx(const struct level *level, const struct spf_term *term, const char *domain,
		  struct found *found)
{
	struct dns_answer answer;
	struct hosts hosts;
	int error = look_up(level, domain, DNS_MX, &answer);

	if (!error && answer.count == 0)
		error = count_void(level, term);
	if (!error)
		error = read_hosts(level, term, &answer, &hosts);
	for (size_t i = 0; !error && i < hosts.count; i++)
		error = add_host(level, term, hosts.names[i], found);
	return error;
}

static int follow_hosts(struct level *level, const struct spf_term *term)
{
	char domain[DNS_NAME_MAX + 1];
	struct found found = {.items = NULL};
	int error = term_domain(level, term, domain);

	if (!error)
		error = term->kind == SPF_MX ? add_mx(level, term, domain, &found)
					     : add_host(level, term, domain, &found);
	if (!error)
		return take(level, term, &found);
	found_clear(&found);
	return error;
}

static int follow_range(struct level *level, const struct spf_term *term)
{
	struct found found = {.items = NULL};
	char *origin;
	int error;

	if (asprintf(&origin, "%.*s in %s", (int)term->size, term->text, level->domain) < 0)
		return -ENOMEM;
	error = found_add(&found, &term->range, origin);
	return error ? error : take(level, term, &found);
}

static int walk_domain(struct level *level);

/* include and redirect: another record. */
static int follow_record(struct level *level, const struct spf_term *term)
{
	struct level below = {
		.walk = level->walk,
		.above = level,
		.negated = level->negated || term->qualifier != '+',
	};
	int error = term_domain(level, term, below.domain);

	if (!error)
		error = walk_domain(&below);
	if (!error)
		error = take(level, term, &below.found);
	found_clear(&below.found);
	free(below.except.items);
	return error;
}

/* Whoever is left matches. */
static int follow_all(struct level *level, const struct spf_term *term)
{
	static const uint8_t families[] = {MXF_FAMILY_IPV4, MXF_FAMILY_IPV6};
	struct found found = {.items = NULL};
	int error = 0;

	if (term->qualifier != '+')
		return 0;
	if (!level->negated)
		return BROKEN(level, "%.*s would trust everybody", (int)term->size, term->text);
	for (size_t i = 0; i < 2 && !error; i++) {
		struct range all = {.family = families[i], .last = ip_highest(families[i])};

		error = found_add(&found, &all, strdup("all"));
	}
	return error ? error : permit(level, &found);
}

static int follow_term(struct level *level, const struct spf_term *term)
{
	switch (term->kind) {
	case SPF_EXP: /* its macros are for a text that we do not make */
	case SPF_MODIFIER:
		return 0;
	case SPF_EXISTS:
	case SPF_PTR:
		skip(level, term, "left out, as it depends on the sender");
		return 0;
	case SPF_IP4:
	case SPF_IP6:
		return follow_range(level, term);
	default:
		break;
	}
	if (term->has_macros) {
		skip(level, term, "left out, as its macros depend on the sender");
		return 0;
	}
	if (term->kind == SPF_ALL)
		return follow_all(level, term);
	if (term->kind == SPF_A || term->kind == SPF_MX)
		return follow_hosts(level, term);
	return follow_record(level, term);
}

/* The terms before `all`; redirect comes last, and only without `all`. */
static size_t count_terms(const struct spf_record *record, const struct spf_term **redirect)
{
	*redirect = NULL;
	for (size_t i = 0; i < record->count; i++) {
		if (record->terms[i].kind == SPF_ALL) {
			*redirect = NULL;
			return i + 1;
		}
		if (record->terms[i].kind == SPF_REDIRECT)
			*redirect = &record->terms[i];
	}
	return record->count;
}

static int count_lookups(const struct level *level, const struct spf_record *record, size_t count,
			 bool redirects)
{
	unsigned int lookups = redirects;

	for (size_t i = 0; i < count; i++)
		lookups += record->terms[i].kind != SPF_REDIRECT &&
			   spf_term_queries(&record->terms[i]);
	level->walk->lookups += lookups;
	if (level->walk->lookups <= SPF_LOOKUPS_MAX)
		return 0;
	return BROKEN(level,
		      "%u terms that take DNS queries, which makes %u so far; %u are allowed (RFC "
		      "7208, section 4.6.4)",
		      lookups, level->walk->lookups, SPF_LOOKUPS_MAX);
}

static int follow_terms(struct level *level, const struct spf_record *record)
{
	const struct spf_term *redirect;
	size_t count = count_terms(record, &redirect);
	int error = count_lookups(level, record, count, redirect != NULL);

	for (size_t i = 0; i < count && !error; i++)
		if (record->terms[i].kind != SPF_REDIRECT)
			error = follow_term(level, &record->terms[i]);
	if (!error && redirect)
		error = follow_term(level, redirect);
	return error;
}

static int follow_text(struct level *level, const char *text, size_t size)
{
	struct spf_record record = {.terms = NULL};
	struct trouble trouble;
	int error = spf_record_parse(text, size, &record, &trouble);

	notes_add(&level->walk->gathering->read, "%s: %.*s", level->domain, (int)size, text);
	if (error == -EINVAL)
		error = BROKEN(level, "%s", trouble.text);
	if (!error)
		error = follow_terms(level, &record);
	spf_record_clear(&record);
	return error;
}

/* Copies the one SPF record out of the answer. */
static int select_record(const struct level *level, const struct dns_answer *answer, char **out,
			 size_t *out_size)
{
	char *selected SCOPED_FREE = NULL;

	for (size_t i = 0; i < answer->count; i++) {
		char *text SCOPED_FREE = malloc(answer->records[i].size + 1);
		long length;

		if (!text)
			return -ENOMEM;
		length = dns_text_join(&answer->records[i], text);
		if (length < 0 || !spf_is_record(text, (size_t)length))
			continue;
		if (selected)
			return BROKEN(level, "several SPF records");
		selected = TAKE_PTR(text);
		*out_size = (size_t)length;
	}
	if (!selected)
		return BROKEN(level, "no SPF record");
	*out = TAKE_PTR(selected);
	return 0;
}

static int check_loop(const struct level *level)
{
	for (const struct level *above = level->above; above; above = above->above)
		if (strcmp(above->domain, level->domain) == 0)
			return BROKEN(level, "the records go round in a circle");
	return 0;
}

static int walk_domain(struct level *level)
{
	char *text SCOPED_FREE = NULL;
	struct dns_answer answer;
	size_t size = 0;
	int error = check_loop(level);

	if (!error)
		error = look_up(level, level->domain, DNS_TXT, &answer);
	if (!error && answer.status == DNS_NO_NAME)
		error = BROKEN(level, "there is no such name");
	if (!error)
		error = select_record(level, &answer, &text, &size);
	return error ? error : follow_text(level, text, size);
}

int spf_walk(const char *domain, dns_resolve_fn *resolve, void *context,
	     struct gathering *gathering, struct failure *failure)
{
	struct walk walk = {
		.resolve = resolve, .context = context, .gathering = gathering, .failure = failure};
	struct level level = {.walk = &walk};
	int error;

	failure->hint = NULL;
	if (!dns_name_normalise(domain, strlen(domain), level.domain))
		return trouble_set(&failure->why, -EINVAL, "%s is no domain", domain);
	error = walk_domain(&level);
	if (!error)
		error = found_move(&gathering->found, &level.found, &(struct range_array){0});
	found_clear(&level.found);
	free(level.except.items);
	if (error == -ENOMEM)
		trouble_set(&failure->why, error, "out of memory");
	return error;
}
