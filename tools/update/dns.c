// SPDX-License-Identifier: GPL-2.0-only
#include "dns.h"

#include <string.h>

#define DNS_TYPE_NAME(name, number)                                                                \
	case DNS_##name:                                                                           \
		return #name;

const char *dns_type_name(enum dns_type type)
{
	switch (type) {
		DNS_TYPES(DNS_TYPE_NAME)
	}
	return "?";
}

/* In lower case; 0 for what a name does not hold. */
static char name_character(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')
		return c;
	return '\0';
}

bool dns_name_normalise(const char *text, size_t size, char name[DNS_NAME_MAX + 1])
{
	size_t label = 0;

	if (size > 0 && text[size - 1] == '.')
		size--;
	if (size == 0 || size > DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i < size; i++) {
		name[i] = text[i] == '.' ? '.' : name_character(text[i]);
		if (name[i] == '\0' || (name[i] == '.' && label == 0))
			return false;
		label = name[i] == '.' ? 0 : label + 1;
		if (label > DNS_LABEL_MAX)
			return false;
	}
	name[size] = '\0';
	return label > 0;
}

bool dns_name_read(const unsigned char *data, size_t size, char name[DNS_NAME_MAX + 1])
{
	char text[DNS_NAME_MAX + 1];
	size_t length = 0, at = 0;

	while (at < size && data[at] != 0) {
		size_t label = data[at++];

		if (label > DNS_LABEL_MAX || label >= size - at ||
		    length + label + 1 > sizeof(text))
			return false;
		for (size_t i = 0; i < label; i++)
			if (!name_character((char)data[at + i]))
				return false;
		memcpy(text + length, data + at, label);
		text[length + label] = '.';
		length += label + 1;
		at += label;
	}
	if (at + 1 != size)
		return false;
	name[0] = '\0';
	return length == 0 || dns_name_normalise(text, length, name);
}

long dns_text_join(const struct dns_record *record, char *text)
{
	size_t length = 0;

	for (size_t at = 0; at < record->size;) {
		size_t piece = record->data[at++];

		if (piece > record->size - at)
			return -1;
		memcpy(text + length, record->data + at, piece);
		length += piece;
		at += piece;
	}
	return (long)length;
}
