// SPDX-License-Identifier: GPL-2.0-only
/* LDIF, RFC 2849: entries; of change records those that add. */
#include <string.h>

#include "import.h"
#include "smtp/codec.h"

struct ldif {
	struct import *import;
	struct import_object *object; /* of the entry that is read, or NULL */
	bool skipped;		      /* the entry is none that adds */
};

static bool attribute_is(struct import_text name, const char *word)
{
	/* Options as ";binary" or ";range=0-1499" belong to the name. */
	const char *semicolon = memchr(name.text, ';', name.size);
	size_t size = semicolon ? (size_t)(semicolon - name.text) : name.size;

	return size == strlen(word) && strncasecmp(name.text, word, size) == 0;
}

static bool text_is(struct import_text text, const char *word)
{
	return text.size == strlen(word) && strncasecmp(text.text, word, text.size) == 0;
}

static void take_change(struct ldif *ldif, struct import_text value)
{
	if (text_is(value, "add"))
		return;
	ldif->skipped = true;
	import_tell(ldif->import, false, value.line,
		    "a change record that is not \"add\" is passed over");
}

static void take(struct ldif *ldif, struct import_text name, struct import_text value)
{
	struct import_object *object;

	if (attribute_is(name, "dn")) {
		ldif->skipped = false;
		ldif->object = import_add(ldif->import);
		if (ldif->object)
			ldif->object->dn = value;
		return;
	}
	object = ldif->object;
	if (!object || ldif->skipped)
		return;
	if (attribute_is(name, "mail") || attribute_is(name, "proxyAddresses") ||
	    attribute_is(name, "mailAlternateAddress") || attribute_is(name, "mailLocalAddress"))
		import_add_address(ldif->import, object, value);
	else if (attribute_is(name, "cn") && !object->name.text)
		object->name = value;
	else if (attribute_is(name, "msExchRequireAuthToSendTo"))
		object->closed = text_is(value, "TRUE");
	else if (attribute_is(name, "member") || attribute_is(name, "uniqueMember"))
		import_add_text(ldif->import, &object->members, value);
	else if (attribute_is(name, "unauthOrig"))
		import_add_text(ldif->import, &object->rejected, value);
	else if (attribute_is(name, "dLMemRejectPerms"))
		import_add_text(ldif->import, &object->rejected_groups, value);
	else if (attribute_is(name, "changetype"))
		take_change(ldif, value);
}

static struct import_text decode(struct ldif *ldif, struct import_text value)
{
	char *out = import_allocate(ldif->import, value.size + 1);

	if (!out)
		return value;
	if (base64_decode(value.text, value.size, out, value.size, &value.size)) {
		import_tell(ldif->import, true, value.line, "this value is not base64");
		value.size = 0;
	}
	value.text = out;
	return value;
}

static void take_line(struct ldif *ldif, struct import_text line)
{
	const char *colon = memchr(line.text, ':', line.size);
	struct import_text name = line, value = line;
	bool encoded, elsewhere;

	if (line.size == 0) {
		ldif->object = NULL;
		return;
	}
	if (line.text[0] == '#' || (line.size == 1 && line.text[0] == '-'))
		return;
	if (!colon) {
		import_tell(ldif->import, true, line.line, "this is not \"attribute: value\"");
		return;
	}
	name.size = (size_t)(colon - line.text);
	value.text = colon + 1;
	value.size = line.size - name.size - 1;
	encoded = value.size && value.text[0] == ':';
	elsewhere = value.size && value.text[0] == '<';
	if (encoded || elsewhere) {
		value.text++;
		value.size--;
	}
	while (value.size && *value.text == ' ') {
		value.text++;
		value.size--;
	}
	if (elsewhere)
		import_tell(ldif->import, false, line.line,
			    "a value in another file is passed over");
	else
		take(ldif, name, encoded ? decode(ldif, value) : value);
}

/* The length of a line without its end. */
static size_t line_length(const char *at, const char *end, const char **next)
{
	const char *newline = memchr(at, '\n', (size_t)(end - at));
	const char *stop = newline ? newline : end;

	*next = newline ? newline + 1 : end;
	return (size_t)(stop - at) - (stop > at && stop[-1] == '\r');
}

/* A line with those that go on with it, each of which begins with one blank. */
static struct import_text unfold(struct ldif *ldif, const char **at, const char *end,
				 uint32_t *number)
{
	struct import_text line = {.text = *at, .line = (*number)++};
	const char *next, *scan;
	size_t size = 0;
	char *out;

	line.size = line_length(*at, end, &next);
	*at = next;
	if (next == end || *next != ' ')
		return line;
	for (scan = next; scan < end && *scan == ' ';)
		size += line_length(scan, end, &scan);
	out = import_allocate(ldif->import, line.size + size);
	if (!out)
		return line;
	memcpy(out, line.text, line.size);
	while (*at < end && **at == ' ') {
		size_t length = line_length(*at, end, &next);

		memcpy(out + line.size, *at + 1, length - 1);
		line.size += length - 1;
		*at = next;
		++*number;
	}
	line.text = out;
	return line;
}

void import_read_ldif(struct import *import, const char *text, size_t size)
{
	struct ldif ldif = {.import = import};
	const char *at = text, *end = text + size;
	uint32_t number = 1;

	while (at < end && !import->out_of_memory)
		take_line(&ldif, unfold(&ldif, &at, end, &number));
}
