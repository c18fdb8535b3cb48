// SPDX-License-Identifier: GPL-2.0-only
#include "core/range.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct cursor {
	const char *at;
	const char *end;
};

static const char address_hint[] = "expected an address, a CIDR prefix, or address and mask";

static const struct {
	const char *text;
	const char *hint;
} errors[] = {
	[RANGE_OK] = {"is a range", ""},
	[RANGE_HOST_BITS] = {"has host bits set", "the bits beyond the prefix are taken as zero"},
	[RANGE_NOT_ADDRESS] = {"is not an IP address", address_hint},
	[RANGE_NOT_IPV4] = {"is not an IPv4 address", address_hint},
	[RANGE_NOT_IPV6] = {"is not an IPv6 address", address_hint},
	[RANGE_LEADING_ZERO] = {"has a number with a leading zero",
				"some programs read that as octal; write it without the zero"},
	[RANGE_ZONE] = {"has a zone", "ranges apply to every interface; leave out what follows %"},
	[RANGE_MAPPED] = {"is an IPv4-mapped IPv6 address", "write the IPv4 address itself"},
	[RANGE_LENGTH] = {"has no valid prefix length",
			  "0 to 32 for IPv4, 0 to 128 for IPv6, without a leading zero"},
	[RANGE_MASK] = {"has no valid mask",
			"a mask is ones followed by zeros, in the address's own family"},
	[RANGE_FAMILIES] = {"mixes IPv4 and IPv6", "both ends are of one family"},
	[RANGE_REVERSED] = {"ends before it begins", "write the lower address first"},
	[RANGE_TRAILING] = {"is followed by something else", address_hint},
	[RANGE_EMPTY] = {"is empty", address_hint},
	[RANGE_HALF] = {"is half of a range",
			"quote the whole: \"IP=192.0.2.0, MASK=255.255.255.0\""},
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Without branches that random digits would mispredict. */
static int hex_value(char c)
{
	unsigned int digit = (unsigned int)c - '0';
	unsigned int letter = ((unsigned int)c | 0x20) - 'a';
	int value = letter < 6 ? (int)letter + 10 : -1;

	return digit < 10 ? (int)digit : value;
}

static void skip_blanks(struct cursor *cursor)
{
	while (cursor->at < cursor->end && is_blank(*cursor->at))
		cursor->at++;
}

static bool at_end(const struct cursor *cursor)
{
	return cursor->at == cursor->end;
}

static bool next_is(const struct cursor *cursor, char c)
{
	return cursor->at < cursor->end && *cursor->at == c;
}

/* Four decimal numbers; the cursor moves only when they are read. */
static enum range_error read_quad(struct cursor *cursor, uint32_t *quad)
{
	const char *at = cursor->at;
	const char *end = cursor->end;
	uint32_t value = 0;

	for (int i = 0; i < 4; i++) {
		const char *begin;
		uint32_t octet = 0;

		if (i > 0 && (at == end || *at++ != '.'))
			return RANGE_NOT_IPV4;
		for (begin = at; at < end && at < begin + 3 && is_digit(*at); at++)
			octet = octet * 10 + (uint32_t)(*at - '0');
		if (at == begin || octet > 255)
			return RANGE_NOT_IPV4;
		if (*begin == '0' && at > begin + 1)
			return RANGE_LEADING_ZERO;
		value = value << 8 | octet;
	}
	cursor->at = at;
	*quad = value;
	return RANGE_OK;
}

/* The groups as written; `gap` is where "::" stands, or -1. */
struct groups {
	uint16_t values[8];
	int count;
	int gap;
};

/* One hexadecimal group, or a dotted quad that stands for two. */
static enum range_error read_group(struct cursor *cursor, struct groups *groups)
{
	struct cursor begin = *cursor;
	unsigned int value = 0;

	for (int digit; cursor->at < cursor->end && (digit = hex_value(*cursor->at)) >= 0;) {
		if (++cursor->at - begin.at > 4)
			return RANGE_NOT_IPV6;
		value = value << 4 | (unsigned int)digit;
	}
	if (cursor->at == begin.at || groups->count == 8)
		return RANGE_NOT_IPV6;
	if (next_is(cursor, '.')) {
		uint32_t quad;
		enum range_error error = read_quad(&begin, &quad);

		if (error || groups->count > 6)
			return error == RANGE_LEADING_ZERO ? error : RANGE_NOT_IPV6;
		*cursor = begin;
		groups->values[groups->count++] = (uint16_t)(quad >> 16);
		value = quad & 0xffff;
	}
	groups->values[groups->count++] = (uint16_t)value;
	return RANGE_OK;
}

/* RFC 4291 section 2.2: eight groups, or fewer around one "::". */
static enum range_error read_groups(struct cursor *cursor, struct groups *groups)
{
	bool more = true; /* a group must follow */

	groups->count = 0;
	groups->gap = -1;
	if (cursor->end - cursor->at >= 2 && memcmp(cursor->at, "::", 2) == 0) {
		groups->gap = 0;
		cursor->at += 2;
		more = !at_end(cursor) && hex_value(*cursor->at) >= 0;
	}
	while (more) {
		enum range_error error = read_group(cursor, groups);

		if (error)
			return error;
		more = next_is(cursor, ':');
		cursor->at += more;
		if (more && next_is(cursor, ':')) {
			if (groups->gap >= 0)
				return RANGE_NOT_IPV6;
			groups->gap = groups->count;
			cursor->at++;
			more = !at_end(cursor) && hex_value(*cursor->at) >= 0;
		}
	}
	if (groups->gap < 0 ? groups->count != 8 : groups->count >= 8)
		return RANGE_NOT_IPV6;
	return RANGE_OK;
}

static enum range_error read_ipv6(struct cursor *cursor, struct ip *ip)
{
	struct groups groups;
	uint64_t halves[2] = {0, 0};
	enum range_error error = read_groups(cursor, &groups);

	if (error)
		return error;
	for (int i = 0; i < groups.count; i++) {
		bool behind = groups.gap >= 0 && i >= groups.gap;
		int place = behind ? i + 8 - groups.count : i;

		halves[place / 4] |= (uint64_t)groups.values[i] << (48 - place % 4 * 16);
	}
	ip->hi = halves[0];
	ip->lo = halves[1];
	return RANGE_OK;
}

/* True when what stands at the cursor cannot be part of an address. */
static bool address_ends(const struct cursor *cursor)
{
	if (at_end(cursor))
		return true;
	switch (*cursor->at) {
	case '/':
	case '-':
	case ',':
	case '%':
		return true;
	default:
		return is_blank(*cursor->at);
	}
}

/* Whether a text that is no IPv4 address was meant as IPv6, IPv4 or neither. */
static enum range_error guess_family(const struct cursor *cursor)
{
	for (const char *at = cursor->at; at < cursor->end && !is_blank(*at); at++) {
		if (*at == ':')
			return RANGE_NOT_IPV6;
		if (*at == '.')
			return is_digit(*cursor->at) ? RANGE_NOT_IPV4 : RANGE_NOT_ADDRESS;
	}
	return RANGE_NOT_ADDRESS;
}

static enum range_error read_any_address(struct cursor *cursor, struct ip *ip, uint8_t *family)
{
	struct cursor start = *cursor;
	uint32_t quad;
	enum range_error error = read_quad(cursor, &quad);

	if (!error && address_ends(cursor)) {
		*ip = (struct ip){.lo = quad};
		*family = MXF_FAMILY_IPV4;
		return RANGE_OK;
	}
	*cursor = start;
	if (guess_family(cursor) != RANGE_NOT_IPV6)
		return error == RANGE_LEADING_ZERO ? error : guess_family(cursor);
	error = read_ipv6(cursor, ip);
	if (!error && !address_ends(cursor))
		return RANGE_NOT_IPV6;
	*family = MXF_FAMILY_IPV6;
	return error;
}

static bool is_mapped(struct ip ip)
{
	return ip.hi == 0 && ip.lo >> 32 == 0xffff;
}

/* An address that a range may begin or end with. */
static enum range_error read_address(struct cursor *cursor, struct ip *ip, uint8_t *family)
{
	enum range_error error = read_any_address(cursor, ip, family);

	if (error)
		return error;
	if (next_is(cursor, '%'))
		return RANGE_ZONE;
	return *family == MXF_FAMILY_IPV6 && is_mapped(*ip) ? RANGE_MAPPED : RANGE_OK;
}

/* From the first address and the number of addresses less one, a power of two less one. */
static enum range_error make_prefix(struct ip ip, struct ip extent, uint8_t family,
				    struct range *range)
{
	range->first = (struct ip){.hi = ip.hi & ~extent.hi, .lo = ip.lo & ~extent.lo};
	range->last = (struct ip){.hi = ip.hi | extent.hi, .lo = ip.lo | extent.lo};
	range->family = family;
	return ip_equal(range->first, ip) ? RANGE_OK : RANGE_HOST_BITS;
}

static struct ip prefix_extent(uint8_t family, unsigned int length)
{
	if (family == MXF_FAMILY_IPV4)
		return (struct ip){.lo = (uint64_t)UINT32_MAX >> length};
	return (struct ip){
		.hi = length >= 64 ? 0 : UINT64_MAX >> length,
		.lo = length >= 128  ? 0
		      : length <= 64 ? UINT64_MAX
				     : UINT64_MAX >> (length - 64),
	};
}

static enum range_error read_length(struct cursor *cursor, struct ip ip, uint8_t family,
				    struct range *range)
{
	unsigned int highest = family == MXF_FAMILY_IPV4 ? 32 : 128;
	unsigned int length = 0;
	const char *begin = cursor->at;

	for (; cursor->at < cursor->end && is_digit(*cursor->at); cursor->at++) {
		length = length * 10 + (unsigned int)(*cursor->at - '0');
		if (length > highest)
			return RANGE_LENGTH;
	}
	if (cursor->at == begin || (*begin == '0' && cursor->at > begin + 1))
		return RANGE_LENGTH;
	if (!at_end(cursor))
		return is_blank(*cursor->at) ? RANGE_TRAILING : RANGE_LENGTH;
	return make_prefix(ip, prefix_extent(family, length), family, range);
}

static enum range_error read_mask(struct cursor *cursor, struct ip ip, uint8_t family,
				  struct range *range)
{
	struct ip mask;
	struct ip extent;
	uint8_t mask_family;
	enum range_error error = read_any_address(cursor, &mask, &mask_family);

	if (error)
		return error == RANGE_LEADING_ZERO ? error : RANGE_MASK;
	if (!at_end(cursor))
		return RANGE_TRAILING;
	extent = ip_subtract(ip_highest(family), mask);
	if (mask_family != family || (extent.lo & ip_next(extent).lo) != 0 ||
	    (extent.hi & ip_next(extent).hi) != 0)
		return RANGE_MASK;
	return make_prefix(ip, extent, family, range);
}

static enum range_error read_last(struct cursor *cursor, struct ip first, uint8_t family,
				  struct range *range)
{
	struct ip last;
	uint8_t last_family;
	enum range_error error = read_address(cursor, &last, &last_family);

	if (error)
		return error;
	if (!at_end(cursor))
		return RANGE_TRAILING;
	if (family != last_family)
		return RANGE_FAMILIES;
	if (ip_compare(last, first) < 0)
		return RANGE_REVERSED;
	range->first = first;
	range->last = last;
	range->family = family;
	return RANGE_OK;
}

/* A word and "=", in any case; the cursor then stands behind them. */
static bool read_label(struct cursor *cursor, const char *label)
{
	struct cursor look = *cursor;
	size_t size = strlen(label);

	if ((size_t)(look.end - look.at) < size || strncasecmp(look.at, label, size) != 0)
		return false;
	look.at += size;
	skip_blanks(&look);
	if (!next_is(&look, '='))
		return false;
	look.at++;
	skip_blanks(&look);
	*cursor = look;
	return true;
}

static bool mask_follows(const struct cursor *cursor)
{
	const char *at = cursor->at;

	while (at < cursor->end && hex_value(*at) >= 0)
		at++;
	return at < cursor->end && (*at == '.' || *at == ':');
}

/* What follows the first address. */
static enum range_error read_rest(struct cursor *cursor, struct ip ip, uint8_t family,
				  struct range *range)
{
	if (at_end(cursor))
		return make_prefix(ip, (struct ip){0}, family, range);
	if (next_is(cursor, '/')) {
		cursor->at++;
		return mask_follows(cursor) ? read_mask(cursor, ip, family, range)
					    : read_length(cursor, ip, family, range);
	}
	skip_blanks(cursor);
	if (next_is(cursor, '-')) {
		cursor->at++;
		skip_blanks(cursor);
		return read_last(cursor, ip, family, range);
	}
	return mask_follows(cursor) ? read_mask(cursor, ip, family, range) : RANGE_TRAILING;
}

/* "IP=192.0.2.0, MASK=255.255.255.0": the cursor stands behind "IP=". */
static enum range_error read_labelled(struct cursor *cursor, struct range *range)
{
	struct ip ip;
	uint8_t family;
	enum range_error error = read_address(cursor, &ip, &family);

	if (error)
		return error;
	skip_blanks(cursor);
	if (!next_is(cursor, ','))
		return at_end(cursor) ? RANGE_HALF : RANGE_TRAILING;
	cursor->at++;
	skip_blanks(cursor);
	if (!read_label(cursor, "MASK"))
		return RANGE_MASK;
	return read_mask(cursor, ip, family, range);
}

static struct cursor trimmed(const char *text, size_t size)
{
	struct cursor cursor = {.at = text, .end = text + size};

	skip_blanks(&cursor);
	while (cursor.end > cursor.at && is_blank(cursor.end[-1]))
		cursor.end--;
	return cursor;
}

enum range_error range_parse(const char *text, size_t size, struct range *range)
{
	struct cursor cursor = trimmed(text, size);
	struct ip ip;
	uint8_t family;
	enum range_error error;

	if (at_end(&cursor))
		return RANGE_EMPTY;
	if (*cursor.at > '9' && read_label(&cursor, "IP"))
		return read_labelled(&cursor, range);
	error = read_address(&cursor, &ip, &family);
	if (error)
		return read_label(&cursor, "MASK") ? RANGE_HALF : error;
	return read_rest(&cursor, ip, family, range);
}

enum range_error ip_parse(const char *text, size_t size, struct ip *ip, uint8_t *family)
{
	struct cursor cursor = trimmed(text, size);
	struct ip found;
	uint8_t found_family;
	enum range_error error;

	if (at_end(&cursor))
		return RANGE_EMPTY;
	error = read_address(&cursor, &found, &found_family);
	if (error)
		return error;
	if (!at_end(&cursor))
		return RANGE_TRAILING;
	*ip = found;
	*family = found_family;
	return RANGE_OK;
}

const char *range_error_text(enum range_error error)
{
	return errors[error].text;
}

const char *range_error_hint(enum range_error error)
{
	return errors[error].hint;
}

bool range_is_prefix(const struct range *range, unsigned int *length)
{
	struct ip extent = range_extent(range);
	struct ip above = ip_next(extent);

	if ((extent.hi & above.hi) != 0 || (extent.lo & above.lo) != 0 ||
	    (range->first.hi & extent.hi) != 0 || (range->first.lo & extent.lo) != 0)
		return false;
	*length = (range->family == MXF_FAMILY_IPV4 ? 32u : 128u) -
		  (unsigned int)(__builtin_popcountll(extent.hi) + __builtin_popcountll(extent.lo));
	return true;
}

static size_t format_quad(uint32_t quad, char *text)
{
	return (size_t)sprintf(text, "%u.%u.%u.%u", quad >> 24, quad >> 16 & 255, quad >> 8 & 255,
			       quad & 255);
}

/* RFC 5952 section 4.2: the longest run of at least two zero groups, the first of equal ones. */
static int find_zero_run(const uint16_t groups[8], int *length)
{
	int best = -1;

	*length = 1;
	for (int i = 0; i < 8; i++) {
		int end = i;

		while (end < 8 && groups[end] == 0)
			end++;
		if (end - i > *length) {
			best = i;
			*length = end - i;
		}
		i = end;
	}
	return best;
}

static size_t format_groups(struct ip ip, char *text)
{
	uint16_t groups[8];
	int run;
	int run_length;
	size_t length = 0;

	for (int i = 0; i < 8; i++)
		groups[i] = (uint16_t)((i < 4 ? ip.hi : ip.lo) >> (48 - i % 4 * 16));
	run = find_zero_run(groups, &run_length);
	for (int i = 0; i < 8; i++) {
		if (i == run) {
			length += (size_t)sprintf(text + length, "::");
			i += run_length - 1;
			continue;
		}
		length += (size_t)sprintf(text + length, "%s%x",
					  i > 0 && text[length - 1] != ':' ? ":" : "", groups[i]);
	}
	return length;
}

size_t ip_format(struct ip ip, uint8_t family, char *text)
{
	if (family == MXF_FAMILY_IPV4)
		return format_quad((uint32_t)ip.lo, text);
	if (is_mapped(ip)) {
		memcpy(text, "::ffff:", 7);
		return 7 + format_quad((uint32_t)ip.lo, text + 7);
	}
	return format_groups(ip, text);
}

size_t range_format(const struct range *range, char *text)
{
	unsigned int length;
	size_t size = ip_format(range->first, range->family, text);

	if (ip_equal(range->first, range->last))
		return size;
	if (range_is_prefix(range, &length))
		return size + (size_t)sprintf(text + size, "/%u", length);
	text[size++] = '-';
	return size + ip_format(range->last, range->family, text + size);
}
