/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of ranges from text, for the tests of tables. */
#ifndef TEST_RANGES_H
#define TEST_RANGES_H

#include "config/config.h"

/* Reads `texts`, up to a NULL, into a list; the line is the text's number from 1. */
struct range_list ranges_read(const char *name, enum list_action action, const char *const *texts);

struct ip address_read(const char *text, uint8_t *family);

#endif
