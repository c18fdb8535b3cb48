/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the report*.c files and metrics.c alone. */
#ifndef SERVICE_REPORT_INTERNAL_H
#define SERVICE_REPORT_INTERNAL_H

#include "service/report.h"

extern const char *const report_reasons[MXF_REASON_COUNT];
extern const char *const report_verdicts[MXF_VERDICT_COUNT];
extern const char *const report_families[MXF_FAMILY_COUNT];

/* What reports and metrics are made from. */
struct report_snapshot {
	struct fence_interface interfaces[MXF_INTERFACES_MAX];
	int interface_count;
	const struct mxf_generation *generation; /* NULL when there is none */
};

/* 0 or -errno; the generation is valid as fence_generation() says. */
int report_snapshot_read(struct fence *fence, struct report_snapshot *snapshot,
			 struct trouble *trouble);

/* A counter that is not zero, with what it counts. */
struct report_count {
	const char *family;
	const char *verdict;
	const char *reason;
	uint64_t packets;
	uint64_t bytes;
};

/* The next one at or after *at, which starts as 0 and moves behind it; false when there is none. */
bool report_next_count(const struct mxf_counters *counters, size_t *at, struct report_count *count);

/* "trusted" or "denied". */
const char *report_action(uint32_t action);

json_t *report_address(const uint32_t words[4], uint8_t family);
json_t *report_range_text(const struct range *range);

/* "file:line". */
json_t *report_origin(const struct mxf_generation *generation, const struct range *range);

json_t *report_list_name(const struct mxf_generation *generation, uint32_t list);

#endif
