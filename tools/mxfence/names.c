// SPDX-License-Identifier: GPL-2.0-only
#include "names.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "service/report.h"

#define STACK_SIZE ((size_t)256 * 1024)

/* Shared by its user and the threads; the last one frees it. */
struct names {
	pthread_mutex_t mutex;
	pthread_cond_t work, done;
	names_look_up_fn *look_up;
	json_t *known;	/* address -> name, or null: waiting, under way, or without a name */
	char **waiting; /* NAMES_MAX, from `first` on */
	size_t first, count, under_way, users;
	bool ends;
};

bool names_look_up(const char *address, char name[NAMES_TEXT_MAX])
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	bool named;

	if (getaddrinfo(address, NULL, &hints, &found) != 0)
		return false;
	named = getnameinfo(found->ai_addr, found->ai_addrlen, name, NAMES_TEXT_MAX, NULL, 0,
			    NI_NAMEREQD) == 0;
	freeaddrinfo(found);
	return named;
}

bool names_is_host(const char *name)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789-_.";
	size_t size = strspn(name, characters);

	return size > 0 && !name[size] && name[0] != '-';
}

static bool same_address(const struct sockaddr *a, const struct sockaddr *b)
{
	if (a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET)
		return memcmp(&((const struct sockaddr_in *)a)->sin_addr,
			      &((const struct sockaddr_in *)b)->sin_addr,
			      sizeof(struct in_addr)) == 0;
	return a->sa_family == AF_INET6 &&
	       memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
		      &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

/* Does the name have the address? */
static bool leads_back(const char *name, const struct sockaddr *address)
{
	struct addrinfo hints = {.ai_family = address->sa_family, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	bool holds = false;

	if (getaddrinfo(name, NULL, &hints, &found) != 0)
		return false;
	for (const struct addrinfo *at = found; at && !holds; at = at->ai_next)
		holds = same_address(at->ai_addr, address);
	freeaddrinfo(found);
	return holds;
}

/* A name that reads as an address would confirm itself. */
static bool is_address(const char *text)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;

	if (getaddrinfo(text, NULL, &hints, &found) != 0)
		return false;
	freeaddrinfo(found);
	return true;
}

bool names_look_up_confirmed(const char *address, char name[NAMES_TEXT_MAX])
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	bool confirmed;

	if (!names_look_up(address, name) || !names_is_host(name) || is_address(name) ||
	    getaddrinfo(address, NULL, &hints, &found) != 0)
		return false;
	confirmed = leads_back(name, found->ai_addr);
	freeaddrinfo(found);
	return confirmed;
}

/* Unlocks, and frees when nobody is left. */
static void leave(struct names *names)
{
	bool last = --names->users == 0;

	while (last && names->count) {
		names->count--;
		free(names->waiting[(names->first + names->count) % NAMES_MAX]);
	}
	pthread_mutex_unlock(&names->mutex);
	if (!last)
		return;
	json_decref(names->known);
	free(names->waiting);
	pthread_cond_destroy(&names->work);
	pthread_cond_destroy(&names->done);
	pthread_mutex_destroy(&names->mutex);
	free(names);
}

/* Looks up the next one that waits; the lock is held before and after. */
static void work_once(struct names *names)
{
	char name[NAMES_TEXT_MAX], *address = names->waiting[names->first];
	bool found;

	names->first = (names->first + 1) % NAMES_MAX;
	names->count--;
	names->under_way++;
	pthread_mutex_unlock(&names->mutex);
	found = names->look_up(address, name);
	pthread_mutex_lock(&names->mutex);
	names->under_way--;
	if (found)
		json_object_set_new(names->known, address, report_text(name, strlen(name)));
	free(address);
	if (!names->count && !names->under_way)
		pthread_cond_broadcast(&names->done);
}

static void *work(void *context)
{
	struct names *names = context;

	pthread_mutex_lock(&names->mutex);
	while (!names->ends) {
		if (names->count)
			work_once(names);
		else
			pthread_cond_wait(&names->work, &names->mutex);
	}
	leave(names);
	return NULL;
}

/* As many threads as can be had; signals are not for them. The lock is held. */
static void start_threads(struct names *names)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (size_t i = 0; i < NAMES_THREADS; i++)
		names->users += pthread_create(&thread, &attributes, work, names) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
}

struct names *names_start(names_look_up_fn *look_up)
{
	struct names *names = calloc(1, sizeof(*names));
	pthread_condattr_t attributes;

	if (!names)
		return NULL;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&names->mutex, NULL);
	pthread_cond_init(&names->work, NULL);
	pthread_cond_init(&names->done, &attributes);
	pthread_condattr_destroy(&attributes);
	names->look_up = look_up;
	names->known = json_object();
	names->waiting = calloc(NAMES_MAX, sizeof(*names->waiting));
	names->users = 1;
	pthread_mutex_lock(&names->mutex);
	if (names->known && names->waiting)
		start_threads(names);
	if (names->users == 1) {
		leave(names);
		return NULL;
	}
	pthread_mutex_unlock(&names->mutex);
	return names;
}

void names_stop(struct names **names)
{
	if (!*names)
		return;
	pthread_mutex_lock(&(*names)->mutex);
	(*names)->ends = true;
	pthread_cond_broadcast(&(*names)->work);
	leave(*names);
	*names = NULL;
}

/* One that nobody asked for yet joins the others; when too many are known, all are forgotten. */
static void ask(struct names *names, const char *address)
{
	char *copy;

	if (json_object_get(names->known, address) || names->count == NAMES_MAX)
		return;
	copy = strdup(address);
	if (!copy)
		return;
	if (json_object_size(names->known) >= NAMES_MAX)
		json_object_clear(names->known);
	json_object_set_new(names->known, address, json_null());
	names->waiting[(names->first + names->count++) % NAMES_MAX] = copy;
}

static void wait_done(struct names *names, unsigned int patience_ms)
{
	struct timespec end;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += patience_ms / 1000;
	end.tv_nsec += (long)(patience_ms % 1000) * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	while ((names->count || names->under_way) && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&names->done, &names->mutex, &end);
}

void names_add(struct names *names, json_t *objects, size_t count, unsigned int patience_ms)
{
	size_t i;
	json_t *object;

	pthread_mutex_lock(&names->mutex);
	json_array_foreach (objects, i, object) {
		const char *address = json_string_value(json_object_get(object, "address"));

		if (address && i < count)
			ask(names, address);
	}
	pthread_cond_broadcast(&names->work);
	wait_done(names, patience_ms);
	json_array_foreach (objects, i, object) {
		const char *address = json_string_value(json_object_get(object, "address"));
		const json_t *name = address ? json_object_get(names->known, address) : NULL;

		json_object_set_new(object, "name",
				    json_is_string(name) ? json_string(json_string_value(name))
							 : json_null());
	}
	pthread_mutex_unlock(&names->mutex);
}

size_t names_waiting(struct names *names)
{
	size_t waiting;

	pthread_mutex_lock(&names->mutex);
	waiting = names->count + names->under_way;
	pthread_mutex_unlock(&names->mutex);
	return waiting;
}
