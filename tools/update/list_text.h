/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UPDATE_LIST_TEXT_H
#define UPDATE_LIST_TEXT_H

#include <time.h>

#include "gather.h"

/*
 * The list file: where its ranges come from, when, what was read and what was left out, all as
 * comments, then the ranges, each with its origin. malloc; NULL without memory. Pure.
 */
char *list_text_write(const struct list_source *source, const struct gathering *gathering,
		      time_t now);

#endif
