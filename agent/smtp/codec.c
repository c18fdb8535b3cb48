// SPDX-License-Identifier: GPL-2.0-only
#include "smtp/codec.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const char hex_digits[] = "0123456789ABCDEF";

static bool is_hex(char c)
{
	return c && strchr(hex_digits, c);
}

static bool is_xchar(char c)
{
	return c > ' ' && c < 0x7f && c != '+' && c != '=';
}

bool xtext_is_valid(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (is_xchar(text[i]))
			continue;
		if (text[i] != '+' || size - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))
			return false;
		i += 2;
	}
	return true;
}

size_t xtext_encode(const char *data, size_t size, char *out, size_t out_size)
{
	size_t length = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned char octet = (unsigned char)data[i];

		if (out_size - length < (is_xchar(data[i]) ? 2 : 4))
			return 0;
		if (is_xchar(data[i])) {
			out[length++] = data[i];
			continue;
		}
		out[length++] = '+';
		out[length++] = hex_digits[octet >> 4];
		out[length++] = hex_digits[octet & 15];
	}
	out[length] = '\0';
	return length;
}

static const char base64_letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0 to 63, or -1. */
static int base64_value(char c)
{
	const char *found = c ? strchr(base64_letters, c) : NULL;

	return found ? (int)(found - base64_letters) : -1;
}

/* Four letters, of which `padding` are =, to 3 - padding octets; false when they are not base64. */
static bool decode_quantum(const char *text, size_t padding, unsigned char octets[3])
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i < 4 - padding ? base64_value(text[i]) : 0;

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
	}
	for (size_t i = 0; i < 3; i++)
		octets[i] = (unsigned char)(bits >> (16 - 8 * i));
	for (size_t i = 3 - padding; i < 3; i++)
		if (octets[i])
			return false;
	return true;
}

int base64_decode(const char *text, size_t size, char *out, size_t out_size, size_t *length)
{
	size_t made = 0;

	if (size % 4)
		return -EINVAL;
	for (size_t i = 0; i < size; i += 4) {
		bool last = i + 4 == size;
		size_t padding = last ? (size_t)(text[i + 3] == '=') +
						 (text[i + 3] == '=' && text[i + 2] == '=')
				      : 0;
		unsigned char octets[3];

		if (!decode_quantum(text + i, padding, octets))
			return -EINVAL;
		if (out_size - made < 3 - padding)
			return -EMSGSIZE;
		memcpy(out + made, octets, 3 - padding);
		made += 3 - padding;
	}
	*length = made;
	return 0;
}

size_t base64_encode(const char *data, size_t size, char *out, size_t out_size)
{
	size_t made = 0;

	if (out_size < BASE64_SIZE(size))
		return 0;
	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i;
		uint32_t bits = (uint32_t)(unsigned char)data[i] << 16;

		if (left > 1)
			bits |= (uint32_t)(unsigned char)data[i + 1] << 8;
		if (left > 2)
			bits |= (unsigned char)data[i + 2];
		out[made++] = base64_letters[bits >> 18];
		out[made++] = base64_letters[bits >> 12 & 63];
		out[made++] = left > 1 ? base64_letters[bits >> 6 & 63] : '=';
		out[made++] = left > 2 ? base64_letters[bits & 63] : '=';
	}
	out[made] = '\0';
	return made;
}
