/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the host, the agent and the configuration say, gathered before anything is judged, so that
 * `doctor` can judge made-up hosts as well.
 */
#ifndef MXFENCE_FACTS_H
#define MXFENCE_FACTS_H

#include <jansson.h>
#include <time.h>

#include "config/config.h"
#include "core/range.h"
#include "core/trouble.h"

/* X(IDENTIFIER): what may be missing as a whole. */
#define HOST_FACTS(X)                                                                              \
	X(CONFIG)     /* the configuration, without errors */                                      \
	X(AGENT)      /* whether it runs */                                                        \
	X(FENCE)      /* the agent's status, or that of the pins */                                \
	X(INTERFACES) /* links and their addresses */                                              \
	X(LISTENERS)                                                                               \
	X(RULESET) /* of nftables */                                                               \
	X(ROUTES)                                                                                  \
	X(UDP_TUNNELS)                                                                             \
	X(SOURCES) /* which passed and which were dropped lately */

#define HOST_FACT_ENUM(id) FACT_##id,
enum host_fact { HOST_FACTS(HOST_FACT_ENUM) FACT_COUNT };
#define FACT_BIT(id) (1u << FACT_##id)

struct host_address {
	struct ip ip;
	uint8_t family;
	bool global; /* its scope */
};

struct host_interface {
	char name[16];
	char kind[16]; /* of a virtual one: "vlan", "bridge"; "" */
	uint32_t ifindex;
	uint32_t parent; /* ifindex of what it stands on; 0 */
	uint32_t master; /* ifindex of the bridge or bond it belongs to; 0 */
	uint16_t type;	 /* ARPHRD_* */
	unsigned int mtu;
	bool up;
	bool lro, gro;
	bool source_route, seg6; /* accepted there, all.* considered */
	uint8_t xdp_attached;	 /* XDP_ATTACHED_* */
	uint32_t xdp_program;
	struct host_address *addresses;
	size_t address_count;
};

struct host_listener {
	struct ip ip; /* zero = any */
	uint8_t family;
	uint16_t port;
};

/* An interface that the fence knows. */
struct host_fence {
	char name[16];
	char now[16]; /* its name when renamed; "" */
	bool attached;
	bool generic;
	bool frags;
};

struct host_udp_tunnel {
	uint16_t port;
	bool ipv6;
	char protocol[32];
};

struct host_route {
	char prefix[RANGE_TEXT_MAX];
};

/* A list that mxfence-update keeps, and when it last did. */
struct host_list {
	const struct range_list *list;
	time_t written; /* 0: never */
};

/* A source that passed and was dropped after that, both lately, and would be dropped again. */
struct host_source {
	struct ip ip;
	uint8_t family;
	enum mxf_reason reason;
	uint64_t passed; /* seconds ago */
	uint64_t dropped;
};

struct host_facts {
	struct trouble missing[FACT_COUNT]; /* why; "" = there */
	time_t now;
	char config_path[256];
	const struct config *config;
	size_t config_errors;
	struct host_list *lists; /* with a source */
	size_t list_count;

	bool agent_running;
	bool loaded;
	bool pinned; /* a generation is in force */
	bool observe;
	time_t published;
	char reload_error[256]; /* "" */
	struct host_fence *fences;
	size_t fence_count;

	struct host_interface *interfaces;
	size_t interface_count;
	bool forwards[3]; /* by family: MXF_FAMILY_* */
	struct host_listener *listeners;
	size_t listener_count;
	json_t *ruleset;		   /* as `nft -j list ruleset` prints it */
	struct host_route *local_segments; /* routes with encap seg6local */
	size_t local_segment_count;
	struct host_udp_tunnel *udp_tunnels;
	size_t udp_tunnel_count;
	struct host_source *sources;
	size_t source_count;
};

/* Frees what the facts own; not the configuration. */
void facts_clear(struct host_facts *facts);

/* NULL when there is none. */
const struct host_interface *facts_find_interface(const struct host_facts *facts, const char *name);
const struct host_interface *facts_find_ifindex(const struct host_facts *facts, uint32_t ifindex);
const struct host_fence *facts_find_fence(const struct host_facts *facts, const char *name);

/*
 * True when what arrives on the interface comes by the fence: it is configured or attached itself,
 * or all that it stands on is.
 */
bool facts_is_fenced(const struct host_facts *facts, const struct host_interface *interface);

/*
 * True when the network stack takes packets as arriving on this interface: it is up, and no member
 * of a bridge or bond, which then is what they arrive on. Never for loopback.
 */
bool facts_takes_packets(const struct host_facts *facts, const struct host_interface *interface);

bool facts_has_global_address(const struct host_interface *interface);

/* facts_status.c: what `status` answered. Pure. */
void facts_read_status(struct host_facts *facts, const json_t *status);

/* facts_proc.c: the lines of /proc/net/tcp or tcp6. Pure. */
void facts_read_listeners(struct host_facts *facts, const char *text, uint8_t family);

/* facts_proc.c: /proc and /sys; marks what is missing. */
void facts_gather_listeners(struct host_facts *facts);
void facts_gather_sysctls(struct host_facts *facts);

/* facts_proc.c: the files of lists with a source. */
void facts_gather_lists(struct host_facts *facts);

/* facts_links.c: netlink. */
void facts_gather_interfaces(struct host_facts *facts);
void facts_gather_routes(struct host_facts *facts);

/* facts_programs.c: what nft and ip print. */
void facts_gather_ruleset(struct host_facts *facts);
void facts_gather_udp_tunnels(struct host_facts *facts);
void facts_read_udp_tunnels(struct host_facts *facts, const json_t *printed);

/*
 * facts_sources.c: what the pins remember of sources. The second is pure: `now` is CLOCK_MONOTONIC
 * nanoseconds, like the times in both tables. Bans are left out: they are meant.
 */
#define SOURCE_LATELY 604800u /* seconds */
void facts_gather_sources(struct host_facts *facts, const char *pin_dir);
void facts_join_sources(struct host_facts *facts, const struct mxf_drop *passes, size_t pass_count,
			const struct mxf_drop *drops, size_t drop_count, uint64_t now);

/* One more element of an array that grows; NULL without memory. `count` is counted up. */
void *facts_grow(void *array_pointer, size_t *count, size_t size);

#endif
