// SPDX-License-Identifier: GPL-2.0-only
#include "resolver.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <unbound.h>

#define CLASS_IN 1

/* RFC 1035, section 4.1.1. */
#define RCODE_NOERROR 0
#define RCODE_SERVFAIL 2
#define RCODE_REFUSED 5

struct resolver {
	struct ub_ctx *context;
	int timeout_ms;
	int64_t deadline; /* milliseconds, monotonic */
	bool validates;
	bool done; /* the question was answered */
	int error; /* with this, of libunbound */
	struct ub_result *result;
	struct dns_record *records;
	char why[256];
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int set_servers(struct ub_ctx *context, const char *server, struct trouble *trouble)
{
	int error = server ? ub_ctx_set_fwd(context, server) : ub_ctx_resolvconf(context, NULL);

	if (!error)
		return 0;
	return trouble_set(trouble, -EINVAL, "%s: %s",
			   server ? server : "the resolvers in /etc/resolv.conf",
			   ub_strerror(error));
}

/* libunbound opens it with the first question, and would say then that something is wrong. */
static int set_anchor(struct ub_ctx *context, const char *anchor, struct trouble *trouble)
{
	int error;

	if (access(anchor, R_OK))
		return trouble_set(trouble, -errno, "%s: %s", anchor, strerror(errno));
	error = ub_ctx_add_ta_file(context, anchor);
	return error ? trouble_set(trouble, -EINVAL, "%s: %s", anchor, ub_strerror(error)) : 0;
}

static int configure(struct ub_ctx *context, const char *server, const char *anchor,
		     struct trouble *trouble)
{
	int error = set_servers(context, server, trouble);

	if (!error && anchor)
		error = set_anchor(context, anchor, trouble);
	if (error)
		return error;
	ub_ctx_debugout(context, NULL);
	/* The system's resolver often is on loopback. In a thread, the deadline is ours. */
	if (ub_ctx_set_option(context, "do-not-query-localhost:", "no") || ub_ctx_async(context, 1))
		return trouble_set(trouble, -EINVAL, "libunbound does not do as it is told");
	return 0;
}

int resolver_open(const char *server, const char *anchor, int timeout_ms,
		  struct resolver **resolver, struct trouble *trouble)
{
	struct resolver *opened = calloc(1, sizeof(*opened));
	int error;

	if (opened)
		opened->context = ub_ctx_create();
	if (!opened || !opened->context) {
		free(opened);
		return trouble_set(trouble, -ENOMEM, "out of memory");
	}
	error = configure(opened->context, server, anchor, trouble);
	if (error) {
		resolver_close(&opened);
		return error;
	}
	opened->validates = anchor != NULL;
	opened->timeout_ms = timeout_ms;
	opened->deadline = now_ms() + timeout_ms;
	*resolver = opened;
	return 0;
}

static void forget_answer(struct resolver *resolver)
{
	ub_resolve_free(resolver->result);
	free(resolver->records);
	resolver->result = NULL;
	resolver->records = NULL;
	resolver->done = false;
}

static void take_result(void *context, int error, struct ub_result *result)
{
	struct resolver *resolver = context;

	resolver->done = true;
	resolver->error = error;
	resolver->result = result;
}

/* Returns 0 with an answer, or an error of libunbound; -ETIMEDOUT is none of those. */
static int wait_for_answer(struct resolver *resolver, const char *name, enum dns_type type)
{
	struct pollfd pollfd = {.fd = ub_fd(resolver->context), .events = POLLIN};
	int id = 0;
	int error = ub_resolve_async(resolver->context, name, type, CLASS_IN, resolver, take_result,
				     &id);

	while (!error && !resolver->done) {
		int64_t left = resolver->deadline - now_ms();

		if (left <= 0) {
			ub_cancel(resolver->context, id);
			return -ETIMEDOUT;
		}
		if (poll(&pollfd, 1, (int)left) > 0)
			error = ub_process(resolver->context);
	}
	return error ? error : resolver->error;
}

static int read_records(struct resolver *resolver, struct dns_answer *answer)
{
	const struct ub_result *result = resolver->result;
	size_t count = 0;

	while (result->data[count])
		count++;
	resolver->records = calloc(count + 1, sizeof(*resolver->records));
	if (!resolver->records)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		resolver->records[i] = (struct dns_record){
			.data = (const unsigned char *)result->data[i],
			.size = (size_t)result->len[i],
		};
	answer->records = resolver->records;
	answer->count = count;
	return 0;
}

/* The reasons that an answer is none. */
static void explain_failure(struct resolver *resolver)
{
	const struct ub_result *result = resolver->result;
	char *why = resolver->why;
	const size_t size = sizeof(resolver->why);

	if (result->bogus)
		snprintf(why, size, "DNSSEC: not to be believed (%s)",
			 result->why_bogus ? result->why_bogus : "no reason given");
	else if (result->rcode == RCODE_SERVFAIL)
		snprintf(why, size, "no server could answer (SERVFAIL)");
	else if (result->rcode == RCODE_REFUSED)
		snprintf(why, size, "the server refuses to answer (REFUSED)");
	else
		snprintf(why, size, "the server could not answer (code %d)", result->rcode);
}

static enum dns_status read_result(struct resolver *resolver, struct dns_answer *answer)
{
	const struct ub_result *result = resolver->result;

	answer->secure = result->secure;
	if (!result->bogus && result->havedata && !read_records(resolver, answer))
		return DNS_FOUND;
	if (!result->bogus && !result->havedata && result->nxdomain)
		return DNS_NO_NAME;
	if (!result->bogus && !result->havedata && result->rcode == RCODE_NOERROR)
		return DNS_NO_DATA;
	explain_failure(resolver);
	return DNS_FAILED;
}

void resolver_ask(void *context, const char *name, enum dns_type type, struct dns_answer *answer)
{
	struct resolver *resolver = context;
	int error;

	forget_answer(resolver);
	*answer = (struct dns_answer){.status = DNS_FAILED, .why = resolver->why};
	error = wait_for_answer(resolver, name, type);
	if (error == -ETIMEDOUT)
		snprintf(resolver->why, sizeof(resolver->why), "no answer within %d seconds",
			 resolver->timeout_ms / 1000);
	else if (error || !resolver->result)
		snprintf(resolver->why, sizeof(resolver->why), "%s", ub_strerror(error));
	else
		answer->status = read_result(resolver, answer);
}

void resolver_close(struct resolver **resolver)
{
	if (*resolver) {
		forget_answer(*resolver);
		ub_ctx_delete((*resolver)->context);
		free(*resolver);
	}
	*resolver = NULL;
}
