// SPDX-License-Identifier: GPL-2.0-only
#include "service/explain_smtp.h"

#include <stdio.h>
#include <string.h>

#include "core/scoped.h"
#include "service/report.h"
#include "service/smtp_words.h"
#include "smtp/command.h"

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
	SCOPED_FREE char *text = NULL;
	int size;

	if (!place.line)
		return json_null();
	size = asprintf(&text, "%s:%u", sources_name(&config->sources, place.file), place.line);
	if (size < 0) {
		text = NULL;
		return NULL;
	}
	return report_text(text, (size_t)size);
}

static json_t *steps_of(const struct config *config, const struct policy_step *steps, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < count; i++)
		json_array_append_new(
			array, json_pack("{s:i, s:s, s:b, s:s, s:o}", "number", steps[i].rule,
					 "rule", smtp_rule_words[steps[i].rule], "refuses",
					 steps[i].refuses, "result", steps[i].result, "origin",
					 origin_of(config, steps[i].origin)));
	return array;
}

/* What stands between the angle brackets, whether they are there or not. */
static struct text_span path_of(const char *text)
{
	struct text_span path = {.text = text ? text : "", .size = text ? strlen(text) : 0};

	if (path.size >= 2 && path.text[0] == '<' && path.text[path.size - 1] == '>') {
		path.text++;
		path.size -= 2;
	}
	return path;
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

/* An answer, and how it came about. */
struct explanation {
	struct policy_decision decision;
	struct policy_step steps[MXF_RULE_COUNT];
	size_t step_count;
	bool about_form; /* of MAIL FROM: no rule answers */
};

/* The rules that answer MAIL come first, and are asked also when there is no recipient. */
enum { MAIL_RULES = MXF_RULE_LOGIN_REQUIRED };

static void answer_mail(struct explanation *explanation, int code, const char *enhanced,
			const char *text)
{
	explanation->step_count = MAIL_RULES;
	explanation->decision = (struct policy_decision){
		.rule = MXF_RULE_ACCEPT, .code = code, .enhanced = enhanced, .text = text};
}

static void decide(const struct policy *policy, const struct explain_question *question,
		   const struct policy_session *session, struct explanation *explanation)
{
	struct text_span from = path_of(question->sender), to = path_of(question->recipient);
	enum mailbox_error error = MAILBOX_OK;
	struct policy_client client;
	struct mailbox sender;

	mailbox_clear(&sender);
	if (from.size)
		error = mailbox_parse(from.text, from.size, true, &sender);
	if (error)
		mailbox_clear(&sender);
	policy_client_make(policy, session, &client);
	policy_decide(policy, session, &client, &sender, to.text, to.size, true,
		      &explanation->decision, explanation->steps, &explanation->step_count);
	/* The rules that answer MAIL come before its syntax. */
	if (explanation->step_count <= MAIL_RULES)
		return;
	explanation->about_form = error;
	if (error)
		answer_mail(explanation, 501, "5.1.7", POLICY_BAD_SENDER);
	else if (!question->recipient)
		answer_mail(explanation, 250, "2.1.0", "Sender OK");
}

static json_t *answer_of(const struct config *config, const struct gate_listener *listener,
			 const struct explanation *explanation)
{
	const struct policy_decision *decision = &explanation->decision;

	return json_pack("{s:o, s:i, s:s, s:s, s:o, s:o, s:o}", "listener",
			 report_text(listener->name, strlen(listener->name)), "answer",
			 decision->code, "enhanced", decision->enhanced, "text", decision->text,
			 "rule",
			 explanation->about_form ? json_null()
						 : json_string(smtp_rule_words[decision->rule]),
			 "origin", origin_of(config, decision->origin), "steps",
			 steps_of(config, explanation->steps, explanation->step_count));
}

json_t *explain_smtp(const struct config *config, const struct policy *policy,
		     const struct explain_question *question, enum mxf_exit *exit)
{
	const struct gate_listener *listener = explain_find_listener(&config->gate, question);
	struct explanation explanation = {.step_count = 0};
	struct policy_session session;

	*exit = MXF_EXIT_OK;
	if (!listener)
		return json_null();
	fill_session(question, listener, &session);
	decide(policy, question, &session, &explanation);
	if (explanation.decision.code != 250)
		*exit = MXF_EXIT_FAILED;
	return answer_of(config, listener, &explanation);
}
