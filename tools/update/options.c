// SPDX-License-Identifier: GPL-2.0-only
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "config/reader.h"
#include "core/range.h"
#include "mxfence/control.h"

#define UPDATE_OPTION_ROW(id, letter, name, value, text) {letter, name, value, text},
const struct update_option_row update_options[UPDATE_OPTION_COUNT] = {
	UPDATE_OPTIONS(UPDATE_OPTION_ROW)};

/* Behind all letters. */
#define LONG_OPTION 256

static void print_help(FILE *out)
{
	fputs("Usage: mxfence-update [OPTION...] [LIST...]\n\n"
	      "Gets the ranges of trusted lists from their sources: of those that are due, or of "
	      "LISTs.\n\n",
	      out);
	for (size_t i = 0; i < UPDATE_OPTION_COUNT; i++) {
		const struct update_option_row *row = &update_options[i];
		int used =
			row->letter ? fprintf(out, "  -%c, ", row->letter) : fprintf(out, "      ");

		used += fprintf(out, "--%s%s%s", row->name, row->value[0] ? " " : "", row->value);
		fprintf(out, "%*s %s\n", used < 31 ? 31 - used : 0, "", row->text);
	}
}

/* ADDRESS or ADDRESS@PORT, as libunbound takes it. */
static bool is_server(const char *text)
{
	size_t address = strcspn(text, "@");
	const char *port = text + address;
	struct ip ip;
	uint8_t family;

	return ip_parse(text, address, &ip, &family) == RANGE_OK &&
	       (*port == '\0' || parse_port(port + 1, strlen(port + 1)) != 0);
}

static int check(const struct update_command *command)
{
	const char *server = command->values[UPDATE_DNS];

	if (command->given[UPDATE_HELP]) {
		print_help(stdout);
		return MXF_EXIT_OK;
	}
	if (command->given[UPDATE_VERSION]) {
		puts("mxfence-update " MXF_VERSION);
		return MXF_EXIT_OK;
	}
	if (server && !is_server(server)) {
		fprintf(stderr,
			"mxfence-update: %s is no resolver's address\n"
			"  as in 192.0.2.53, 192.0.2.53@5353 or 2001:db8::53\n",
			server);
		return MXF_EXIT_USAGE;
	}
	return -1;
}

static void fill_options(struct option *options, char *letters)
{
	strcpy(letters, "");
	for (size_t i = 0; i < UPDATE_OPTION_COUNT; i++) {
		const struct update_option_row *row = &update_options[i];
		const char letter[] = {row->letter, row->value[0] ? ':' : '\0', '\0'};

		options[i] = (struct option){.name = row->name,
					     .has_arg = row->value[0] != '\0',
					     .val = LONG_OPTION + (int)i};
		if (row->letter)
			strcat(letters, letter);
	}
	options[UPDATE_OPTION_COUNT] = (struct option){0};
}

static int find_option(int found)
{
	for (int i = 0; i < UPDATE_OPTION_COUNT; i++)
		if (found == LONG_OPTION + i || found == update_options[i].letter)
			return i;
	return -1;
}

int update_options_parse(int argc, char **argv, struct update_command *command)
{
	struct option options[UPDATE_OPTION_COUNT + 1];
	char letters[2 * UPDATE_OPTION_COUNT + 1];
	int found;

	*command = (struct update_command){.values = {[UPDATE_CONFIG] = UPDATE_DEFAULT_CONFIG,
						      [UPDATE_RUN_DIR] = UPDATE_DEFAULT_RUN_DIR}};
	fill_options(options, letters);
	while ((found = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		int option = find_option(found);

		if (option < 0) {
			print_help(stderr);
			return MXF_EXIT_USAGE;
		}
		command->given[option] = true;
		if (update_options[option].value[0])
			command->values[option] = optarg;
	}
	command->lists = argv + optind;
	command->list_count = (size_t)(argc - optind);
	return check(command);
}
