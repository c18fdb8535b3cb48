/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the gate's processes share: memory that a worker writes and the keeper reads, one piece a
 * worker, and one table of sources for all. The keeper trusts none of it: it copies a record before
 * it looks at it, and bounds what it finds.
 */
#ifndef MXFENCE_GATE_H
#define MXFENCE_GATE_H

#include <stdint.h>

#include "mxfence/smtp.h"

#define MXF_GATE_LISTENERS_MAX 64
#define MXF_GATE_BACKENDS_MAX 64
/* Workers at once, those that finish their last sessions included. */
#define MXF_GATE_SLOTS_MAX 64

/* Answers of decisions that are counted: 250, 501, 530, 550, 553, in this order. */
#define MXF_DECISION_ANSWERS 5

/* Upper bounds of mxfence_backend_seconds, in milliseconds; one more bucket has the rest. */
#define MXF_BACKEND_BUCKETS 10
#define MXF_BACKEND_BOUNDS_MS                                                                      \
	{                                                                                          \
		1, 2, 5, 10, 25, 100, 500, 2500, 10000, 60000                                      \
	}

/* Written by one worker alone; they only grow. */
struct mxf_gate_counters {
	uint64_t sessions[MXF_GATE_LISTENERS_MAX][MXF_SESSION_RESULT_COUNT];
	uint64_t decisions[MXF_RULE_COUNT][MXF_DECISION_ANSWERS];
	uint64_t auth[MXF_AUTH_RESULT_COUNT]; /* of the configured source */
	uint64_t backend_errors[MXF_GATE_BACKENDS_MAX][MXF_BACKEND_ERROR_COUNT];
	uint64_t backend_buckets[MXF_GATE_BACKENDS_MAX][MXF_BACKEND_BUCKETS + 1];
	uint64_t backend_milliseconds[MXF_GATE_BACKENDS_MAX]; /* the sum */
	uint64_t messages;				      /* accepted by a backend */
	uint64_t records_lost;
};

enum mxf_gate_record_kind {
	MXF_RECORD_REFUSED,
	MXF_RECORD_ACCEPTED,
	MXF_RECORD_MESSAGE,
	MXF_RECORD_LOGIN,
	MXF_RECORD_BACKEND,
	MXF_RECORD_END,
	MXF_RECORD_COUNT
};

#define MXF_RECORD_ADDRESS_MAX 320

/* Something a session did, for log and events. Texts are NUL-terminated, cut when too long, raw. */
struct mxf_gate_record {
	uint64_t time; /* CLOCK_REALTIME, nanoseconds */
	uint64_t session;
	uint32_t client[4]; /* words as in the maps, IPv4 in word 3 */
	uint16_t client_port;
	uint8_t client_family;
	uint8_t kind;	 /* enum mxf_gate_record_kind */
	uint8_t decided; /* `rule` and `origin` count */
	uint8_t rule;
	uint8_t result; /* of its kind: session result, login result or backend error */
	uint8_t esmtp;
	uint8_t tls;
	uint8_t has_sender;
	uint16_t listener;
	uint16_t code;
	uint16_t origin_file;
	uint32_t origin_line;
	uint32_t recipients;
	uint32_t messages;
	uint32_t milliseconds;
	uint64_t bytes;
	char enhanced[16];
	char command[16];
	char mechanism[16];
	char sender[MXF_RECORD_ADDRESS_MAX];
	char recipient[MXF_RECORD_ADDRESS_MAX];
	char helo[256];
	char login[128];
	char text[256];
	char reason[64];
};

/*
 * One writer, one reader. `head` and `tail` only grow; record i is at i % MXF_GATE_RECORDS. The
 * writer rings the doorbell (an eventfd) when the reader said it sleeps.
 */
#define MXF_GATE_RECORDS 1024
struct mxf_gate_ring {
	uint64_t head __attribute__((aligned(64))); /* next to write */
	uint64_t tail __attribute__((aligned(64))); /* next to read */
	uint32_t sleeping;
	struct mxf_gate_record records[MXF_GATE_RECORDS];
};

/*
 * A session now, for `mxfence sessions`. `sequence` is odd while the entry is written; `session` 0
 * means free.
 */
struct mxf_gate_session {
	uint32_t sequence;
	uint16_t listener;
	uint16_t client_port;
	uint64_t session;
	uint64_t started; /* CLOCK_REALTIME, nanoseconds */
	uint64_t bytes;
	uint32_t client[4];
	uint8_t client_family;
	uint8_t tls;
	uint8_t backend; /* connected to one */
	uint8_t unused;
	uint32_t recipients;
	uint32_t messages;
	char state[16];
	char helo[64];
	char login[64];
	char sender[64];
};

struct mxf_gate_share {
	struct mxf_gate_counters counters;
	struct mxf_gate_ring ring;
	uint32_t sessions_now;
	uint32_t session_count; /* of `sessions` */
	struct mxf_gate_session sessions[];
};

#endif
