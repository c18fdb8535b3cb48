/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket's server (include/mxfence/control.h): requests in, answers out. It knows the
 * protocol and who may do what; what a verb does is in the handlers.
 *
 * Bounds: CONTROL_CLIENTS_MAX clients, half of them kept for those who may change state; of the
 * others the oldest makes room for a new one, and CONTROL_LOOKERS_FOLLOW_MAX may follow events.
 * CONTROL_REQUEST_S seconds from the connection to the end of a request of at most
 * MXF_CONTROL_REQUEST_MAX bytes (MXF_CONTROL_CHANGE_MAX of those who may change state, as a list
 * file has to fit), CONTROL_ANSWER_S from there to the end of the answer. Once
 * CONTROL_PENDING_MAX bytes of answers wait to be read, others are refused theirs. A follower is
 * dropped that falls CONTROL_FOLLOWER_MAX bytes behind or reads nothing for CONTROL_ANSWER_S.
 */
#ifndef SERVICE_CONTROL_H
#define SERVICE_CONTROL_H

#include <event2/event.h>
#include <jansson.h>

#include "fence/kernel.h"
#include "mxfence/control.h"

#define CONTROL_CLIENTS_MAX 64
#define CONTROL_LOOKERS_FOLLOW_MAX 16
#define CONTROL_REQUEST_S 5
#define CONTROL_ANSWER_S 30
#define CONTROL_PENDING_MAX ((size_t)512 << 20)
#define CONTROL_FOLLOWER_MAX ((size_t)1 << 20)

struct control_answer {
	enum mxf_exit exit;
	json_t *body;	  /* given away; NULL for none */
	char *body_text;  /* instead of body: the same as JSON text; malloc, given away */
	char *text;	  /* malloc, given away; NULL for none */
	bool follow;	  /* send `followed`, then every event that comes */
	json_t *followed; /* array of bodies, one answer each; given away */
};

typedef void control_handler_fn(void *context, const json_t *arguments,
				struct control_answer *answer);

struct control_handler {
	const char *verb; /* as in MXF_CONTROL_VERBS */
	control_handler_fn *fn;
};

struct control;

/*
 * Listens on RUN_DIR/control.sock, which anyone may connect to and whose group is
 * MXF_CONTROL_GROUP where that exists. `handlers` ends with {0} and has every verb.
 */
int control_open(struct event_base *base, const char *run_dir,
		 const struct control_handler *handlers, void *context, struct control **control,
		 struct trouble *trouble);

/* Listens again when somebody removed the socket; those who are connected stay. */
int control_restore(struct control *control, struct trouble *trouble);

/* Sends a body to every client that follows events. */
void control_tell_followers(struct control *control, const json_t *body);
bool control_has_followers(const struct control *control);

/* Closes all connections and removes the socket. */
void control_close(struct control **control);

#endif
