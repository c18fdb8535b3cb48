// SPDX-License-Identifier: GPL-2.0-only
#include "verbs.h"

#include <string.h>

#include "handlers.h"

#define CLI_OPTION_ROW(id, letter, name, value, word, text) {letter, name, value, word, text},
const struct cli_option cli_options[OPTION_COUNT] = {CLI_OPTIONS(CLI_OPTION_ROW)};

#define CLI_STATS_KEY_NAME(id, name) name,
const char *const cli_stats_keys[STATS_KEY_COUNT] = {CLI_STATS_KEYS(CLI_STATS_KEY_NAME)};

const struct verb cli_verbs[] = {
	{"status", "", 0, 0, 0, AGENT_OPTIONAL, run_status,
	 "one screen: attached where and how, mode, lists, drops, gate",
	 "Without an agent it tells what is pinned in the kernel, and exits 3."},
	{"check", "[FILE]", 0, 1, 0, AGENT_UNUSED, run_check, "checks the configuration",
	 "Reads FILE, or else the file of -c, with everything it includes. Needs no agent and no\n"
	 "privilege. Exits 78 when there are errors."},
	{"reload", "", 0, 0, 0, AGENT_NEEDED, run_reload, "checks the configuration and applies it",
	 "It is applied whole, with one switch, or with an error not at all."},
	{"diff", "", 0, 0, 0, AGENT_NEEDED, run_diff, "what reload would change", ""},
	{"apply", "", 0, 0, OPTION_BIT(TRY), AGENT_NEEDED, run_apply,
	 "checks the configuration and applies it, on trial if wanted",
	 "With --try the generation before stays in the kernel, which returns to it after SECONDS,\n"
	 "also when the agent does not run any more. Nothing else can be changed meanwhile."},
	{"confirm", "", 0, 0, 0, AGENT_NEEDED, run_decide, "what is on trial stays", ""},
	{"rollback", "", 0, 0, 0, AGENT_NEEDED, run_decide,
	 "ends the trial: what was before is in force again", ""},
	{"load", "", 0, 0, 0, AGENT_NEEDED, run_load, "attaches the fence after unload", ""},
	{"unload", "", 0, 0, 0, AGENT_OPTIONAL, run_unload,
	 "detaches the fence, the agent goes on; every packet passes",
	 "Works without an agent too, as root."},
	{"trust list", "", 0, 0, OPTION_BIT(LIST), AGENT_NEEDED, run_trust_list,
	 "trusted ranges with their hits and where they are written", ""},
	{"trust add", "RANGE", 1, 2,
	 OPTION_BIT(LIST) | OPTION_BIT(NOTE) | OPTION_BIT(FOR) | OPTION_BIT(FORCE), AGENT_NEEDED,
	 run_change, "adds a range to a file in trusted.d and applies it",
	 "RANGE is an address, ADDRESS/LENGTH, ADDRESS/MASK, \"ADDRESS MASK\" or FIRST-LAST. With\n"
	 "--for it is an entry in the kernel alone, an address or a prefix, that ends by itself;\n"
	 "then \"-\" reads ranges from the standard input, one a line."},
	{"trust del", "RANGE", 1, 2, OPTION_BIT(LIST), AGENT_NEEDED, run_change,
	 "takes a range out of trusted.d and applies it",
	 "A range that is written elsewhere stays, and the answer says where it is written."},
	{"trust import", "LIST FILE", 2, 2, OPTION_BIT(FORCE), AGENT_NEEDED, run_trust_import,
	 "swaps a list of trusted.d whole, or creates it",
	 "FILE has a range a line; \"-\" is the standard input. Refused, without --force, when more\n"
	 "than half of the list's ranges would go, or a source that passed within a day."},
	{"trust suggest", "", 0, 0, 0, AGENT_NEEDED, run_trust_suggest,
	 "who was, or would be, cut off although he should not be",
	 "Dropped sources that passed before, that delivered mail before, or whose name is a mail\n"
	 "host's, with the commands that trust them. Asks for names on the network."},
	{"ban list", "", 0, 0, 0, AGENT_NEEDED, run_ban_list, "bans, with cause, hits and end", ""},
	{"ban add", "RANGE", 1, 2, OPTION_BIT(FOR) | OPTION_BIT(NOTE) | OPTION_BIT(FORCE),
	 AGENT_NEEDED, run_change, "drops what comes from an address or prefix, for a time",
	 "Holds whatever the lists say, and ends by itself. \"-\" reads ranges from the standard\n"
	 "input, one a line."},
	{"ban del", "RANGE", 1, 2, 0, AGENT_NEEDED, run_change, "ends a ban before its time",
	 "\"-\" reads ranges from the standard input, one a line."},
	{"explain", "ADDRESS", 1, 1,
	 OPTION_BIT(PORT) | OPTION_BIT(LOCAL) | OPTION_BIT(AUTH) | OPTION_BIT(FROM) |
		 OPTION_BIT(TO) | OPTION_BIT(TLS),
	 AGENT_OPTIONAL, run_explain,
	 "what happens to a connection from ADDRESS, and to its mail, and why",
	 "Asks the agent; with -c, or when no agent runs, reads the configuration instead, and\n"
	 "knows no hits. Exits 0 for pass and accept, 1 for drop and refuse."},
	{"stats", "", 0, 0, OPTION_BIT(BY) | OPTION_BIT(WATCH), AGENT_OPTIONAL, run_stats,
	 "packets by reason, and hits by list, range or interface", ""},
	{"drops", "", 0, 0, OPTION_BIT(NAMES) | OPTION_BIT(WATCH), AGENT_OPTIONAL, run_drops,
	 "dropped sources, most recent first",
	 "Only with --names is anybody asked on the network. A name is what its owner says."},
	{"events", "", 0, 0, OPTION_BIT(FOLLOW), AGENT_NEEDED, run_events,
	 "sampled drops and SMTP decisions, one a line", ""},
	{"sessions", "", 0, 0, 0, AGENT_NEEDED, run_sessions, "SMTP sessions now", ""},
	{"import members", "FILE", 1, 1,
	 OPTION_BIT(FORMAT) | OPTION_BIT(SELECT) | OPTION_BIT(GROUP) | OPTION_BIT(OUTPUT) |
		 OPTION_BIT(DRY_RUN),
	 AGENT_UNUSED, run_import, "makes an address file of another system's export",
	 "FILE is a list, a CSV of the Exchange 5.5 administrator, of csvde or Export-Csv, or\n"
	 "LDIF. closed: recipients with msExchRequireAuthToSendTo; rejected: senders named in\n"
	 "unauthOrig and members of dLMemRejectPerms."},
	{"import exchange", "FILE", 1, 1, OPTION_BIT(OUTPUT) | OPTION_BIT(DRY_RUN), AGENT_UNUSED,
	 run_import_exchange, "makes a list file of Exchange's lists of who may connect",
	 "FILE holds entries such as \"IP=192.0.2.0, MASK=255.255.255.0\", or what Format-List or\n"
	 "Export-Csv show of RemoteIPRanges. With an error nothing is written."},
	{"doctor", "", 0, 0, 0, AGENT_OPTIONAL, run_doctor,
	 "looks for what could surprise you on this host, and says what mends it",
	 "Interfaces and tunnels without a fence, firewall rules that undo it, ports that are not\n"
	 "guarded, and the like. Exits 1 when it finds something."},
	{"metrics", "", 0, 0, 0, AGENT_NEEDED, run_metrics, "counters in Prometheus' text format",
	 ""},
	{"version", "", 0, 0, 0, AGENT_UNUSED, run_version, "the version of this program", ""},
	{"help", "[VERB]", 0, 2, 0, AGENT_UNUSED, run_help, "explains a verb, or lists them all",
	 ""},
};

const size_t cli_verb_count = sizeof(cli_verbs) / sizeof(cli_verbs[0]);

const struct verb *verb_default(void)
{
	return &cli_verbs[0];
}

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < cli_verb_count; i++) {
		if (strcmp(cli_verbs[i].name, name) == 0)
			return &cli_verbs[i];
	}
	return NULL;
}

bool verb_is_group(const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; i < cli_verb_count; i++) {
		if (strncmp(cli_verbs[i].name, word, length) == 0 &&
		    cli_verbs[i].name[length] == ' ')
			return true;
	}
	return false;
}
