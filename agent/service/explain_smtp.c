// SPDX-License-Identifier: GPL-2.0-only
#include "service/explain_smtp.h"

#include <stdio.h>
#include <string.h>

#include "service/report.h"

#define RULE_WORD(id, number, word, text) [MXF_RULE_##id] = word,
static const char *const rule_words[MXF_RULE_COUNT] = {MXF_RULES(RULE_WORD)};

/* The more special address wins, as in the kernel. */
const struct gate_listener *explain_find_listener(const struct gate_config *gate,
						  const struct explain_question *question)
{
	const struct gate_listener *found = NULL;
	const struct ip any = {0};

	for (size_t i = 0; i < gate->listener_count; i++) {
		const struct gate_endpoint *at = &gate->listeners[i].endpoint;

		if (at->port != question->port || at->family != question->client_family)
			continue;
		if (question->has_local && ip_equal(at->ip, question->local))
			return &gate->listeners[i];
		if (ip_equal(at->ip, any) || !question->has_local)
			found = found ? found : &gate->listeners[i];
	}
	return found;
}

static json_t *origin_of(const struct config *config, struct place place)
{
	char text[512];

	if (!place.line)
		return json_null();
	snprintf(text, sizeof(text), "%s:%u", sources_name(&config->sources, place.file),
		 place.line);
	return report_text(text, strlen(text));
}

static json_t *steps_of(const struct config *config, const struct policy_step *steps, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < count; i++)
		json_array_append_new(
			array,
			json_pack("{s:i, s:s, s:b, s:s, s:o}", "number", steps[i].rule, "rule",
				  rule_words[steps[i].rule], "refuses", steps[i].refuses, "result",
				  steps[i].result, "origin", origin_of(config, steps[i].origin)));
	return array;
}

static json_t *answer_of(const struct config *config, const struct policy_decision *decision,
			 const struct policy_step *steps, size_t count)
{
	return json_pack("{s:i, s:s, s:s, s:s, s:o, s:o}", "answer", decision->code, "enhanced",
			 decision->enhanced, "text", decision->text, "rule",
			 rule_words[decision->rule], "origin", origin_of(config, decision->origin),
			 "steps", steps_of(config, steps, count));
}

/* A sender as it stands between the brackets, or with them when it is the null one. */
static bool read_sender(const char *text, struct mailbox *sender)
{
	if (text && *text && strcmp(text, "<>") != 0 &&
	    mailbox_parse(text, strlen(text), true, sender) != MAILBOX_OK)
		return false;
	if (!text || !*text || strcmp(text, "<>") == 0)
		mailbox_clear(sender);
	return true;
}

/* The local address that is asked about; without one, the listener's own. */
static void fill_session(const struct explain_question *question,
			 const struct gate_listener *listener, struct policy_session *session)
{
	*session = (struct policy_session){
		.listener = listener,
		.client = question->client,
		.client_family = question->client_family,
		.local = question->has_local ? question->local : listener->endpoint.ip,
		.local_family = question->client_family,
		.tls = question->tls || listener->tls == LISTENER_TLS_IMPLICIT,
		.login = question->login,
	};
}

json_t *explain_smtp(const struct config *config, const struct policy *policy,
		     const struct explain_question *question, enum mxf_exit *exit)
{
	const struct gate_listener *listener = explain_find_listener(&config->gate, question);
	struct policy_step steps[MXF_RULE_COUNT];
	struct policy_decision decision;
	struct policy_session session;
	struct policy_client client;
	struct mailbox sender;
	size_t count = 0;
	bool good_sender;

	*exit = MXF_EXIT_OK;
	if (!listener)
		return json_null();
	fill_session(question, listener, &session);
	policy_client_make(policy, &session, &client);
	/* The rules that answer MAIL come before its syntax. */
	good_sender = read_sender(question->sender, &sender);
	if (!good_sender && !policy_refuse_mail(policy, &session, &decision)) {
		*exit = MXF_EXIT_FAILED;
		return json_pack("{s:i, s:s, s:s, s:n, s:n, s:[]}", "answer", 501, "enhanced",
				 "5.1.7", "text", POLICY_BAD_SENDER, "rule", "origin", "steps");
	}
	if (question->recipient)
		policy_decide(policy, &session, &client, &sender, question->recipient,
			      strlen(question->recipient), true, &decision, steps, &count);
	else
		policy_refuse_mail(policy, &session, &decision);
	if (decision.code != 250)
		*exit = MXF_EXIT_FAILED;
	return answer_of(config, &decision, steps, count);
}
