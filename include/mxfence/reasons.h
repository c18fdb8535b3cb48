/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a packet was passed or dropped, and what was done with it.
 *
 * These lists exist once. The BPF program, the agent, the command line, the metrics and the man
 * page all derive from them; the order is the order of judgement and is part of the map schema.
 */
#ifndef MXFENCE_REASONS_H
#define MXFENCE_REASONS_H

/* X(IDENTIFIER, "name", "when it decides") */
#define MXF_REASONS(X)                                                                             \
	X(BANNED, "banned", "an unexpired ban holds the source")                                   \
	X(TRUSTED, "trusted", "an unexpired temporary entry or the most specific range trusts it") \
	X(UNDECIDABLE, "undecidable", "the headers do not show whether a connection is opened")    \
	X(DENIED, "denied", "the most specific range that holds the source is a denied one")       \
	X(OPEN, "open", "an open port, and nothing speaks against the source")                     \
	X(UNTRUSTED, "untrusted", "a closed port, and no range holds the source")

/* X(IDENTIFIER, "name", "what happened to the packet") */
#define MXF_VERDICTS(X)                                                                            \
	X(PASS, "pass", "handed to the network stack")                                             \
	X(DROP, "drop", "dropped or answered with a reset")                                        \
	X(OBSERVE, "observe", "passed because of `mode: observe`; would have been dropped")

/* X(IDENTIFIER, "name", "of which packets") */
#define MXF_FAMILIES(X)                                                                            \
	X(OTHER, "other", "the network header was out of reach")                                   \
	X(IPV4, "ipv4", "IPv4")                                                                    \
	X(IPV6, "ipv6", "IPv6")

#define MXF_REASON_ENUM(id, name, text) MXF_REASON_##id,
#define MXF_VERDICT_ENUM(id, name, text) MXF_VERDICT_##id,
#define MXF_FAMILY_ENUM(id, name, text) MXF_FAMILY_##id,

enum mxf_reason { MXF_REASONS(MXF_REASON_ENUM) MXF_REASON_COUNT };
enum mxf_verdict { MXF_VERDICTS(MXF_VERDICT_ENUM) MXF_VERDICT_COUNT };
enum mxf_family { MXF_FAMILIES(MXF_FAMILY_ENUM) MXF_FAMILY_COUNT };

#endif
