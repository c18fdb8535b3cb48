// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <time.h>

#include "gate/client.h"

static struct mxf_gate_session *entry_of(const struct client *client)
{
	return client->entry ? &client->run.worker->setup->share->sessions[client->entry - 1]
			     : NULL;
}

/* A reader takes no entry whose sequence is odd, or another one afterwards. */
static void entry_begin(struct mxf_gate_session *entry)
{
	__atomic_store_n(&entry->sequence, entry->sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

void worker_copy_text(char *out, size_t out_size, const char *text, size_t size)
{
	if (!text)
		size = 0;
	if (size > out_size - 1)
		size = out_size - 1;
	if (size > 0)
		memcpy(out, text, size);
	out[size] = '\0';
}

static void entry_end(struct mxf_gate_session *entry)
{
	__atomic_store_n(&entry->sequence, entry->sequence + 1, __ATOMIC_RELEASE);
}

static uint64_t realtime(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* A place that was free before comes first, so that a quiet worker writes few pages. */
static uint32_t entry_take(struct worker *worker)
{
	if (worker->free_entry_count > 0)
		return worker->free_entries[--worker->free_entry_count];
	if (worker->used_entries < worker->setup->share->session_count)
		return ++worker->used_entries;
	return 0;
}

void worker_board_enter(struct client *client)
{
	const struct session_peer *peer = &client->peer;
	struct mxf_gate_session *entry;

	client->entry = entry_take(client->run.worker);
	entry = entry_of(client);
	if (!entry)
		return;
	entry_begin(entry);
	entry->listener = client->listener->index;
	entry->client_port = peer->client_port;
	entry->session = client->number;
	entry->started = realtime();
	entry->bytes = 0;
	ip_to_words(peer->client, entry->client);
	entry->client_family = peer->client_family;
	entry->tls = peer->tls;
	entry->backend = 0;
	entry->recipients = entry->messages = 0;
	strcpy(entry->state, "greeting");
	entry->helo[0] = entry->login[0] = entry->sender[0] = '\0';
	entry_end(entry);
}

static bool is_shown(const struct client_shown *shown, const struct session_view *view)
{
	return shown->state == view->state && shown->recipients == view->recipients &&
	       shown->messages == view->messages && shown->helo_size == view->helo.size &&
	       shown->login_size == view->login.size && shown->sender_size == view->sender.size &&
	       shown->tls == view->tls && shown->backend == view->backend;
}

static void note_shown(struct client_shown *shown, const struct session_view *view)
{
	*shown = (struct client_shown){
		.state = view->state,
		.recipients = view->recipients,
		.messages = view->messages,
		.helo_size = (uint16_t)view->helo.size,
		.login_size = (uint16_t)view->login.size,
		.sender_size = (uint16_t)view->sender.size,
		.tls = view->tls,
		.backend = view->backend,
	};
}

void worker_board_update(struct client *client)
{
	struct mxf_gate_session *entry = entry_of(client);
	struct session_view view;

	if (!entry)
		return;
	session_look(client->run.session, &view);
	__atomic_store_n(&entry->bytes, view.bytes, __ATOMIC_RELAXED);
	if (is_shown(&client->shown, &view))
		return;
	note_shown(&client->shown, &view);
	entry_begin(entry);
	entry->tls = view.tls;
	entry->backend = view.backend;
	entry->recipients = view.recipients;
	entry->messages = view.messages;
	worker_copy_text(entry->state, sizeof(entry->state), view.state, strlen(view.state));
	COPY_SPAN(entry->helo, view.helo);
	COPY_SPAN(entry->login, view.login);
	COPY_SPAN(entry->sender, view.sender);
	entry_end(entry);
}

void worker_board_leave(struct client *client)
{
	struct worker *worker = client->run.worker;
	struct mxf_gate_session *entry = entry_of(client);

	if (!entry)
		return;
	entry_begin(entry);
	entry->session = 0;
	entry_end(entry);
	worker->free_entries[worker->free_entry_count++] = client->entry;
	client->entry = 0;
}
