/* SPDX-License-Identifier: GPL-2.0-only */
/* How values travel inside SMTP: xtext (RFC 3461 section 4) and base64 (RFC 4648 section 4). Pure.
 */
#ifndef SMTP_CODEC_H
#define SMTP_CODEC_H

#include <stdbool.h>
#include <stddef.h>

/* True when text is well-formed xtext. */
bool xtext_is_valid(const char *text, size_t size);

/*
 * Encodes: what is not printable ASCII, +, = and space become +XX. Returns the length, or 0 when
 * it does not fit; out_size is at least 1 and includes the NUL that is written.
 */
size_t xtext_encode(const char *data, size_t size, char *out, size_t out_size);

/*
 * Strict base64: no line ends, no blanks, padding where it belongs and nowhere else, unused bits
 * zero. Decoding returns 0 with *length, or -EINVAL, or -EMSGSIZE. The empty text is empty data.
 */
int base64_decode(const char *text, size_t size, char *out, size_t out_size, size_t *length);

/* Encodes, NUL-terminated; out_size must be at least BASE64_SIZE(size). Returns the length. */
#define BASE64_SIZE(size) (((size) + 2) / 3 * 4 + 1)
size_t base64_encode(const char *data, size_t size, char *out, size_t out_size);

#endif
