// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

#define POSSIBLE_MAX 64

/* What a mistyped word could have been. */
struct possible {
	const char *words[POSSIBLE_MAX];
	size_t count;
};

struct parser {
	int argc;
	char *const *argv;
	int next;
	bool options_ended;
	const char *group; /* first word of a verb of two, until the second is read */
	struct command *command;
	struct usage_error *error;
};

#define CLI_OPTION_SPELLING(id, letter, name, value, word, text) "--" name,
static const char *const option_spellings[] = {CLI_OPTIONS(CLI_OPTION_SPELLING)};

__attribute__((format(printf, 2, 3))) static bool refuse(struct usage_error *error,
							 const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return false;
}

static void possible_add(struct possible *possible, const char *word)
{
	for (size_t i = 0; i < possible->count; i++) {
		if (strcmp(possible->words[i], word) == 0)
			return;
	}
	if (possible->count < POSSIBLE_MAX)
		possible->words[possible->count++] = word;
}

static void hint_possible(struct usage_error *error, const struct possible *possible)
{
	size_t used = 0;

	for (size_t i = 0; i < possible->count && used < sizeof(error->hint); i++)
		used += (size_t)snprintf(error->hint + used, sizeof(error->hint) - used, "%s%s",
					 i == 0 ? "possible: " : ", ", possible->words[i]);
}

static bool refuse_word(struct usage_error *error, const char *kind, const char *word,
			const struct possible *possible)
{
	struct text_guess guess = {.word = word, .size = strlen(word)};

	for (size_t i = 0; i < possible->count; i++)
		text_guess_offer(&guess, possible->words[i]);
	hint_possible(error, possible);
	if (guess.best)
		return refuse(error, "unknown %s \"%s\", did you mean \"%s\"?", kind, word,
			      guess.best);
	return refuse(error, "unknown %s \"%s\"", kind, word);
}

static bool verb_offers(const struct verb *verb, size_t option)
{
	return ((CLI_COMMON_OPTIONS | verb->options) & 1u << option) != 0;
}

static bool refuse_option(struct parser *parser, const char *spelling)
{
	const struct verb *verb = parser->command->verb;
	struct possible possible = {.count = 0};

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (!verb || verb_offers(verb, i))
			possible_add(&possible, option_spellings[i]);
	}
	return refuse_word(parser->error, "option", spelling, &possible);
}

/* Refuses a verb's first word, or with `group` its second; NULL when it is missing. */
static bool refuse_verb(struct usage_error *error, const char *group, const char *word)
{
	char words[POSSIBLE_MAX][16];
	struct possible possible = {.count = 0};
	size_t skip = group ? strlen(group) + 1 : 0;

	for (size_t i = 0; i < cli_verb_count && i < POSSIBLE_MAX; i++) {
		const char *name = cli_verbs[i].name;

		if (group && (strncmp(name, group, skip - 1) != 0 || name[skip - 1] != ' '))
			continue;
		snprintf(words[i], sizeof(words[i]), "%.*s", (int)strcspn(name + skip, " "),
			 name + skip);
		possible_add(&possible, words[i]);
	}
	if (word)
		return refuse_word(error, "verb", word, &possible);
	hint_possible(error, &possible);
	return refuse(error, "\"%s\" alone is not a verb", group);
}

static bool take_word(struct parser *parser, const char *word)
{
	struct command *command = parser->command;
	char name[64];

	if (command->verb) {
		if (command->operand_count == command->verb->operands_max)
			return refuse(parser->error, "%s: \"%s\" is one argument too many",
				      command->verb->name, word);
		command->operands[command->operand_count++] = word;
		return true;
	}
	if (!parser->group && verb_is_group(word)) {
		parser->group = word;
		return true;
	}
	if (parser->group)
		snprintf(name, sizeof(name), "%s %s", parser->group, word);
	else
		snprintf(name, sizeof(name), "%s", word);
	command->verb = verb_find(name);
	if (!command->verb)
		return refuse_verb(parser->error, parser->group, word);
	return true;
}

/* An optional value is one only when it looks like a number: `--watch 5`, `--watch stats`. */
static const char *following_value(struct parser *parser, enum option_value value)
{
	const char *word = parser->next < parser->argc ? parser->argv[parser->next] : NULL;

	if (!word || (value == VALUE_OPTIONAL && !isdigit((unsigned char)word[0])))
		return NULL;
	parser->next++;
	return word;
}

/* `value` is what was joined to the option, or NULL. */
static bool take_option(struct parser *parser, size_t option, const char *value)
{
	const struct cli_option *known = &cli_options[option];
	struct command *command = parser->command;

	if (value && known->value == VALUE_NONE)
		return refuse(parser->error, "--%s takes no value", known->name);
	if (!value && known->value != VALUE_NONE)
		value = following_value(parser, known->value);
	if (!value && known->value == VALUE_NEEDED)
		return refuse(parser->error, "--%s needs a value: --%s %s", known->name,
			      known->name, known->word);
	if (command->given[option] && known->value != VALUE_NONE)
		return refuse(parser->error, "--%s is given twice", known->name);
	command->given[option] = true;
	command->values[option] = value;
	return true;
}

static bool take_long(struct parser *parser, const char *argument)
{
	size_t length = strcspn(argument + 2, "=");
	const char *value = argument[2 + length] ? argument + 2 + length + 1 : NULL;
	char spelling[64];

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (strlen(cli_options[i].name) == length &&
		    memcmp(cli_options[i].name, argument + 2, length) == 0)
			return take_option(parser, i, value);
	}
	snprintf(spelling, sizeof(spelling), "%.*s", (int)(length + 2), argument);
	return refuse_option(parser, spelling);
}

/* -j, -jf, -cFILE, -c FILE */
static bool take_letters(struct parser *parser, const char *letters)
{
	while (*letters) {
		size_t i = 0;

		while (i < OPTION_COUNT && cli_options[i].letter != *letters)
			i++;
		if (i == OPTION_COUNT) {
			char spelling[] = {'-', *letters, '\0'};

			return refuse_option(parser, spelling);
		}
		letters++;
		if (cli_options[i].value != VALUE_NONE)
			return take_option(parser, i, *letters ? letters : NULL);
		if (!take_option(parser, i, NULL))
			return false;
	}
	return true;
}

static bool take_argument(struct parser *parser, const char *argument)
{
	if (parser->options_ended || argument[0] != '-' || argument[1] == '\0')
		return take_word(parser, argument);
	if (strcmp(argument, "--") == 0) {
		parser->options_ended = true;
		return true;
	}
	if (argument[1] == '-')
		return take_long(parser, argument);
	return take_letters(parser, argument + 1);
}

static bool read_number(const char *text, unsigned long least, unsigned long most,
			unsigned long *number)
{
	char *end;

	if (!isdigit((unsigned char)text[0]) || strlen(text) > 9)
		return false;
	*number = strtoul(text, &end, 10);
	return *end == '\0' && *number >= least && *number <= most;
}

static bool read_port(struct command *command, struct usage_error *error)
{
	const char *text = command->values[OPTION_PORT];
	unsigned long number = COMMAND_PORT_DEFAULT;

	if (text && !read_number(text, 1, UINT16_MAX, &number))
		return refuse(error, "--port: \"%s\" is not a port (1 to 65535)", text);
	command->port = (uint16_t)number;
	return true;
}

static bool read_watch(struct command *command, struct usage_error *error)
{
	const char *text = command->values[OPTION_WATCH];
	unsigned long number = COMMAND_WATCH_DEFAULT;

	if (!command->given[OPTION_WATCH])
		return true;
	if (text && !read_number(text, 1, COMMAND_WATCH_MAX, &number))
		return refuse(error, "--watch: \"%s\" is not a number of seconds (1 to %u)", text,
			      COMMAND_WATCH_MAX);
	command->watch = (unsigned int)number;
	return true;
}

static bool read_try(struct command *command, struct usage_error *error)
{
	const char *text = command->values[OPTION_TRY];
	unsigned long number = 0;

	if (text && !read_number(text, 1, COMMAND_TRY_MAX, &number))
		return refuse(error, "--try: \"%s\" is not a number of seconds (1 to %u)", text,
			      COMMAND_TRY_MAX);
	command->try_seconds = (unsigned int)number;
	return true;
}

static bool read_by(struct command *command, struct usage_error *error)
{
	const char *text = command->values[OPTION_BY];
	struct possible possible = {.count = 0};

	command->by = STATS_KEY_COUNT;
	if (!text)
		return true;
	for (size_t i = 0; i < STATS_KEY_COUNT; i++) {
		if (strcmp(cli_stats_keys[i], text) == 0) {
			command->by = (enum stats_key)i;
			return true;
		}
		possible_add(&possible, cli_stats_keys[i]);
	}
	return refuse_word(error, "key", text, &possible);
}

/* What can only be judged when the whole line is read. */
static bool check_whole(struct command *command, struct usage_error *error)
{
	const struct verb *verb = command->verb;

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (command->given[i] && !verb_offers(verb, i))
			return refuse(error, "--%s does not go with \"%s\"", cli_options[i].name,
				      verb->name);
	}
	if (command->given[OPTION_HELP] || command->given[OPTION_VERSION])
		return true;
	if (command->operand_count < verb->operands_min)
		return refuse(error, "%s needs %s", verb->name, verb->operands);
	return read_port(command, error) && read_watch(command, error) &&
	       read_try(command, error) && read_by(command, error);
}

static bool json_is_wanted(int argc, char *const *argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "-j") == 0)
			return true;
	}
	return false;
}

static bool parse_group_help(struct parser *parser)
{
	struct command *command = parser->command;

	command->verb = verb_find("help");
	command->given[OPTION_HELP] = false;
	command->operands[command->operand_count++] = parser->group;
	return check_whole(command, parser->error);
}

bool command_parse(int argc, char *const *argv, struct command *command, struct usage_error *error)
{
	struct parser parser = {
		.argc = argc, .argv = argv, .next = 1, .command = command, .error = error};

	*command = (struct command){.by = STATS_KEY_COUNT};
	*error = (struct usage_error){.text = ""};
	while (parser.next < argc) {
		if (!take_argument(&parser, argv[parser.next++])) {
			command->given[OPTION_JSON] |= json_is_wanted(argc, argv);
			return false;
		}
	}
	if (!command->verb && parser.group && !command->given[OPTION_HELP])
		return refuse_verb(error, parser.group, NULL);
	if (!command->verb && parser.group) /* `trust --help` is `help trust` */
		return parse_group_help(&parser);
	command->verb_given = command->verb != NULL;
	if (command->given[OPTION_VERSION])
		command->verb = verb_find("version");
	else if (!command->verb)
		command->verb = verb_default();
	return check_whole(command, error);
}

static const char *value_or(const struct command *command, enum option_id option,
			    const char *otherwise)
{
	return command->values[option] ? command->values[option] : otherwise;
}

const char *command_config_path(const struct command *command)
{
	return value_or(command, OPTION_CONFIG, CLI_CONFIG_PATH);
}

const char *command_run_dir(const struct command *command)
{
	return value_or(command, OPTION_RUN_DIR, CLI_RUN_DIR);
}

const char *command_pin_dir(const struct command *command)
{
	return value_or(command, OPTION_PIN_DIR, CLI_PIN_DIR);
}
