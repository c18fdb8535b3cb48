// SPDX-License-Identifier: GPL-2.0-only
#include "config/limits.h"

#define LIMIT_ROW(id, key, kind, preset, least, most, scope, text)                                 \
	[LIMIT_##id] = {key, kind, preset, least, most, LIMIT_SCOPE_##scope, text},
#define LIMIT_SCOPE_W true
#define LIMIT_SCOPE_S false

const struct limit_row limit_rows[LIMIT_LIMITS] = {LIMITS(LIMIT_ROW)};
