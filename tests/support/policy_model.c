// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/policy_model.h"

#include <string.h>

static bool same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* "sub.example.com" is below "example.com", and it is not below itself. */
static bool is_below(const char *domain, const char *above)
{
	size_t size = strlen(domain), above_size = strlen(above);

	return size > above_size && domain[size - above_size - 1] == '.' &&
	       same(domain + size - above_size, above);
}

static bool in_domain(const char *domain, const struct model_allow *entry)
{
	return same(domain, entry->domain) || (entry->below && is_below(domain, entry->domain));
}

static bool is_ours(const struct model *model, const char *domain)
{
	for (size_t i = 0; i < model->domain_count; i++)
		if (in_domain(domain, &model->domains[i]))
			return true;
	return false;
}

/* "user+x" is held where "user" is. */
static bool holds_local(const char *entry, const char *local)
{
	size_t size = strlen(entry);

	return same(entry, local) || (strncmp(entry, local, size) == 0 && local[size] == '+');
}

static bool holds(const struct model_mailbox *entry, const struct model_mailbox *mailbox)
{
	return same(entry->domain, mailbox->domain) &&
	       (!entry->local || holds_local(entry->local, mailbox->local));
}

static bool list_holds(const struct model_mailbox *list, size_t count,
		       const struct model_mailbox *mailbox)
{
	for (size_t i = 0; i < count; i++)
		if (holds(&list[i], mailbox))
			return true;
	return false;
}

static bool group_holds(const struct model *model, size_t group,
			const struct model_mailbox *mailbox)
{
	const struct model_group *at = &model->groups[group];

	if (list_holds(at->members, at->member_count, mailbox))
		return true;
	for (size_t i = 0; i < model->group_count; i++)
		if (at->includes[i] && group_holds(model, i, mailbox))
			return true;
	return false;
}

/* Whether the group has anybody of a domain. */
static bool group_touches(const struct model *model, size_t group, const char *domain)
{
	const struct model_group *at = &model->groups[group];

	for (size_t i = 0; i < at->member_count; i++)
		if (same(at->members[i].domain, domain))
			return true;
	for (size_t i = 0; i < model->group_count; i++)
		if (at->includes[i] && group_touches(model, i, domain))
			return true;
	return false;
}

static const struct model_login *find_login(const struct model *model, const char *name,
					    size_t size)
{
	for (size_t i = 0; i < model->login_count; i++)
		if (strlen(model->logins[i].name) == size &&
		    memcmp(model->logins[i].name, name, size) == 0)
			return &model->logins[i];
	return NULL;
}

static bool login_in_group(const struct model *model, size_t group, const struct model_login *login)
{
	for (size_t i = 0; i < login->address_count; i++) {
		const struct model_mailbox *address = &login->addresses[i];

		if (address->local ? group_holds(model, group, address)
				   : group_touches(model, group, address->domain))
			return true;
	}
	return false;
}

static bool client_in_group(const struct model *model, size_t group,
			    const struct model_facts *facts)
{
	const struct model_login *login = NULL;

	if (!facts->null_sender && group_holds(model, group, &facts->sender))
		return true;
	if (!facts->login)
		return false;
	if (model->has_login_map)
		login = find_login(model, facts->login, strlen(facts->login));
	if (login)
		return login_in_group(model, group, login);
	if (model->has_login_map)
		login = find_login(model, facts->login, strcspn(facts->login, "@"));
	if (login && login_in_group(model, group, login))
		return true;
	return facts->login_is.domain && group_holds(model, group, &facts->login_is);
}

static bool has_routing(const char *local)
{
	return strpbrk(local, "%!@") || strncmp(local, "imceaex-", 8) == 0;
}

static bool is_allowed(const struct model_restrict *entry, const struct model_mailbox *recipient)
{
	for (size_t i = 0; i < entry->allow_count; i++)
		if (entry->allow[i].local ? holds_local(entry->allow[i].local, recipient->local) &&
						    same(entry->allow[i].domain, recipient->domain)
					  : in_domain(recipient->domain, &entry->allow[i]))
			return true;
	return false;
}

static bool forbids_sending(const struct model *model, const struct model_facts *facts, bool ours,
			    struct model_answer *answer)
{
	bool any = false;

	for (size_t i = 0; i < model->restrict_count; i++) {
		const struct model_restrict *entry = &model->restricts[i];

		answer->entries[i] = entry->send_internal &&
				     client_in_group(model, entry->group, facts) &&
				     (ours || !is_allowed(entry, &facts->recipient));
		any |= answer->entries[i];
	}
	return any;
}

static bool forbids_receiving(const struct model *model, const struct model_facts *facts,
			      struct model_answer *answer, bool *hides)
{
	bool any = false;

	*hides = false;
	for (size_t i = 0; i < model->restrict_count; i++) {
		const struct model_restrict *entry = &model->restricts[i];

		answer->entries[i] = entry->receive_authenticated &&
				     group_holds(model, entry->group, &facts->recipient);
		any |= answer->entries[i];
		*hides |= answer->entries[i] && entry->hide;
	}
	return any;
}

static struct model_answer refuse(struct model_answer *answer, enum mxf_rule rule, int code,
				  const char *enhanced)
{
	answer->rule = rule;
	answer->code = code;
	answer->enhanced = enhanced;
	return *answer;
}

static bool owns_sender(const struct model *model, const struct model_facts *facts)
{
	const struct model_login *login = find_login(model, facts->login, strlen(facts->login));

	return login && list_holds(login->addresses, login->address_count, &facts->sender);
}

struct model_answer model_decide(const struct model *model, const struct model_facts *facts)
{
	bool internal = facts->login || (!facts->never && (facts->from_relay || facts->to_local));
	bool ours = facts->bare_postmaster || is_ours(model, facts->recipient.domain);
	bool routed = ours && has_routing(facts->recipient.local), hides;
	bool postmaster = same(facts->recipient.local, "postmaster");
	struct model_answer answer = {0};

	if (facts->needs_tls && !facts->tls)
		return refuse(&answer, MXF_RULE_TLS_REQUIRED, 530, "5.7.0");
	if (facts->needs_login && !facts->login)
		return refuse(&answer, MXF_RULE_LOGIN_REQUIRED, 530, "5.7.0");
	if (routed && !internal)
		return refuse(&answer, MXF_RULE_RECIPIENT_FORM, 550, "5.1.3");
	if (facts->login && model->has_login_map && !facts->null_sender &&
	    !owns_sender(model, facts))
		return refuse(&answer, MXF_RULE_LOGIN_SENDER, 553, "5.7.1");
	if (!internal && model->spoof_reject && !facts->null_sender &&
	    is_ours(model, facts->sender.domain))
		return refuse(&answer, MXF_RULE_SPOOFED_SENDER, 550, "5.7.1");
	if (!ours && facts->never)
		return refuse(&answer, MXF_RULE_RELAY_NEVER, 550, "5.7.1");
	if (!ours && !(facts->login && model->relay_authenticated) && !facts->from_relay &&
	    !facts->to_local)
		return refuse(&answer, MXF_RULE_RELAY, 550, "5.7.1");
	if ((!ours || routed) && forbids_sending(model, facts, ours, &answer))
		return refuse(&answer, MXF_RULE_SEND_INTERNAL, 550, "5.7.1");
	if (ours && !internal && !postmaster && forbids_receiving(model, facts, &answer, &hides))
		return refuse(&answer, MXF_RULE_RECEIVE_AUTHENTICATED, 550,
			      hides ? "5.1.1" : "5.7.1");
	if (ours && model->recipients_file && !holds_local("postmaster", facts->recipient.local) &&
	    !list_holds(model->recipients, model->recipient_count, &facts->recipient))
		return refuse(&answer, MXF_RULE_RECIPIENT_UNKNOWN, 550, "5.1.1");
	return refuse(&answer, MXF_RULE_ACCEPT, 250, "2.1.5");
}

static void write_mailbox(const struct model_mailbox *mailbox, FILE *stream)
{
	fprintf(stream, "%s@%s", mailbox->local ? mailbox->local : "", mailbox->domain);
}

static void write_allow(const struct model_allow *allow, FILE *stream)
{
	fprintf(stream, "\"%s%s%s%s\"", allow->local ? allow->local : "", allow->local ? "@" : "",
		allow->below ? "." : "", allow->domain);
}

static void write_allows(const struct model_allow *allow, size_t count, FILE *stream)
{
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ", " : "", stream);
		write_allow(&allow[i], stream);
	}
}

static void write_groups(const struct model *model, FILE *stream)
{
	fputs(model->group_count ? "  groups:\n" : "", stream);
	for (size_t i = 0; i < model->group_count; i++) {
		const char *comma = "";

		fprintf(stream, "    g%zu:\n      members: [", i);
		for (size_t k = 0; k < model->groups[i].member_count; k++) {
			fputs(k ? ", \"" : "\"", stream);
			write_mailbox(&model->groups[i].members[k], stream);
			fputs("\"", stream);
		}
		fputs("]\n      include: [", stream);
		for (size_t k = 0; k < model->group_count; k++)
			if (model->groups[i].includes[k]) {
				fprintf(stream, "%sg%zu", comma, k);
				comma = ", ";
			}
		fputs("]\n", stream);
	}
}

static void write_restricts(const struct model *model, FILE *stream)
{
	fputs(model->restrict_count ? "  restrict:\n" : "", stream);
	for (size_t i = 0; i < model->restrict_count; i++) {
		const struct model_restrict *entry = &model->restricts[i];

		fprintf(stream, "    - {group: g%zu, send: %s, receive: %s, hide: %s, allow: [",
			entry->group, entry->send_internal ? "internal" : "any",
			entry->receive_authenticated ? "authenticated" : "any",
			entry->hide ? "yes" : "no");
		write_allows(entry->allow, entry->allow_count, stream);
		fputs("]}\n", stream);
	}
}

static void write_logins(const struct model *model, FILE *stream)
{
	for (size_t i = 0; i < model->login_count; i++) {
		fprintf(stream, "%s:", model->logins[i].name);
		for (size_t k = 0; k < model->logins[i].address_count; k++) {
			fputs(k ? ", " : " ", stream);
			write_mailbox(&model->logins[i].addresses[k], stream);
		}
		fputs("\n", stream);
	}
}

void model_write(const struct model *model, FILE *yaml, FILE *recipients, FILE *logins)
{
	fputs("gate:\n  hostname: mx.example.com\n  domains: [", yaml);
	write_allows(model->domains, model->domain_count, yaml);
	fputs("]\n  listeners:\n"
	      "    - {name: mx, address: \"0.0.0.0:25\", tls: optional, auth: optional}\n"
	      "    - {name: tls, address: \"0.0.0.0:26\", tls: required, auth: optional}\n"
	      "    - {name: sub, address: \"0.0.0.0:587\", role: submission, tls: required}\n"
	      "    - {name: login, address: \"0.0.0.0:588\", tls: optional, auth: required}\n"
	      "  tls: {certificate: c.pem, key: k.pem}\n"
	      "  backends: {b: {servers: [\"127.0.0.1:2525\"]}}\n"
	      "  auth: {source: backend}\n",
	      yaml);
	fprintf(yaml, "  recipients: {source: %s}\n",
		model->recipients_file ? "file, file: recipients.txt" : "any");
	fprintf(yaml,
		"  relay: {authenticated: %s, from: [10.0.0.0/8], to-local: [192.0.2.2], "
		"never: [10.66.0.0/16, 198.51.100.0/24]}\n",
		model->relay_authenticated ? "yes" : "no");
	write_groups(model, yaml);
	write_restricts(model, yaml);
	fprintf(yaml, "  senders: {spoof: %s%s}\n", model->spoof_reject ? "reject" : "accept",
		model->has_login_map ? ", login-map: senders.txt" : "");
	for (size_t i = 0; i < model->recipient_count; i++) {
		write_mailbox(&model->recipients[i], recipients);
		fputs("\n", recipients);
	}
	write_logins(model, logins);
}
