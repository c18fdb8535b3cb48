/* SPDX-License-Identifier: GPL-2.0-only */
/* Temporary entries, as the keeper's verbs treat them. For the keeper*.c files alone. */
#ifndef AGENT_KEEPER_TEMPORARY_H
#define AGENT_KEEPER_TEMPORARY_H

#include "fence/temporary.h"
#include "keeper_internal.h"

control_handler_fn keeper_ban_add, keeper_ban_del, keeper_ban_list;

/* `trust add --for`. */
void keeper_trust_for_a_time(struct keeper *keeper, const json_t *arguments,
			     struct control_answer *answer);

/* -EEXIST, with which, when a ban holds the range's first address or lies inside the range. */
int keeper_check_bans(struct keeper *keeper, const struct range *range, struct trouble *trouble);

/*
 * Ends the bans inside the range. Returns 1 when a wider one goes on, which is then *wider, 0 when
 * none does, or -errno.
 */
int keeper_lift_bans(struct keeper *keeper, const struct range *range,
		     struct temporary_entry *wider, struct trouble *trouble);

/* Ends temporary trust of exactly this range; true when there was some. */
bool keeper_end_trust(struct keeper *keeper, const struct range *range);

/* Sees to it that entries that have ended are taken away some time after. */
void keeper_schedule_sweep(struct keeper *keeper);

#endif
