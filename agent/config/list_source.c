// SPDX-License-Identifier: GPL-2.0-only
/* Where a list's ranges come from: `source` and `refresh` of a trusted list. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/reader.h"
#include "core/scoped.h"
#include "core/text.h"

#define REFRESH_LEAST (5 * 60)
#define REFRESH_MOST (30 * 86400)

/* RFC 1035, section 2.3.4, in text. */
#define DOMAIN_MAX 253
#define LABEL_MAX 63

struct source_row {
	const char *prefix;
	enum list_source_kind kind;
	const char *missing; /* what is wrong with nothing behind the prefix */
};

static const struct source_row source_rows[] = {
	{"spf:", SOURCE_SPF, "domain"},
	{"file:", SOURCE_FILE, "file"},
	{"exec:", SOURCE_EXEC, "program"},
};

/* Letters, digits, dashes and underscores between single dots, of which there is one at least. */
static bool is_domain(const char *name)
{
	size_t label = 0;
	bool dotted = false;

	if (strlen(name) > DOMAIN_MAX)
		return false;
	for (; *name; name++) {
		bool letter = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z');
		bool digit = *name >= '0' && *name <= '9';

		if (*name != '.' && !letter && !digit && *name != '-' && *name != '_')
			return false;
		if (*name == '.' && label == 0)
			return false;
		dotted |= *name == '.';
		label = *name == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return dotted && label > 0;
}

static const struct source_row *find_row(const char *text)
{
	for (size_t i = 0; i < sizeof(source_rows) / sizeof(source_rows[0]); i++)
		if (strncmp(text, source_rows[i].prefix, strlen(source_rows[i].prefix)) == 0)
			return &source_rows[i];
	return NULL;
}

/* A file or program beside the file that names it; a program without a slash stays a name. */
static char *find_target(const struct reader *reader, const struct list_source *source,
			 const char *word, size_t size)
{
	const struct sources *sources = &reader->config->sources;
	char *name SCOPED_FREE = strndup(word, size);

	if (!name || source->kind == SOURCE_SPF ||
	    (source->kind == SOURCE_EXEC && !strchr(name, '/')))
		return TAKE_PTR(name);
	return path_beside(sources->items[source->place.file].path, name);
}

static void take_source(struct reader *reader, const struct node *value,
			const struct source_row *row, struct list_source *source)
{
	const char *word;
	size_t size;

	source->kind = row->kind;
	source->place = value->place;
	source->text = strdup(value->text);
	if (source->text) {
		word = source->text + strlen(row->prefix);
		size = strcspn(word, row->kind == SOURCE_EXEC ? " " : "");
		source->arguments = word + size;
		source->target = find_target(reader, source, word, size);
	}
	if (!source->text || !source->target)
		reader->error = -ENOMEM;
}

void read_list_source(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *field)
{
	struct list_draft *draft = field;
	const struct source_row *row;
	const char *rest;
	char quote[TEXT_QUOTE_SIZE];

	if (!value_is(reader, key, value, NODE_SCALAR))
		return;
	row = find_row(value->text);
	rest = row ? value->text + strlen(row->prefix) : "";
	text_quote(value->text, value->size, quote);
	if (!row || strlen(value->text) != value->size || strchr(value->text, '\n'))
		READER_ERROR(reader, value->place, key->value, "source cannot be \"%s\"", quote);
	else if (*rest == '\0' || *rest == ' ')
		READER_ERROR(reader, value->place, "directly behind the colon",
			     "\"%s\" names no %s", quote, row->missing);
	else if (row->kind == SOURCE_SPF && !is_domain(rest))
		READER_ERROR(reader, value->place, "as in spf:_spf.example.net",
			     "\"%s\" names no domain", quote);
	else
		take_source(reader, value, row, &draft->source);
}

void read_list_refresh(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *field)
{
	static const struct limit_row row = {
		.kind = LIMIT_SECONDS, .least = REFRESH_LEAST, .most = REFRESH_MOST};
	struct list_draft *draft = field;
	uint32_t unused;
	char quote[TEXT_QUOTE_SIZE];

	if (!value_is(reader, key, value, NODE_SCALAR))
		return;
	draft->refresh = value->place;
	if (limit_parse(&row, value->text, value->size, &draft->source.refresh, &unused))
		READER_ERROR(reader, value->place,
			     "a number and m, h or d, from 5m to 30d; the default is 6h",
			     "refresh cannot be \"%s\"",
			     text_quote(value->text, value->size, quote));
}

/* The name becomes a file's, which must not be hidden. */
static bool may_be_file(const char *name)
{
	return name[0] != '.' && name[strlen(name) - 1] != '.';
}

static void set_path(struct reader *reader, const char *name, struct list_source *source)
{
	if (asprintf(&source->path, "%s/%s.cidr", reader->config->trusted_directory, name) < 0) {
		source->path = NULL;
		reader->error = -ENOMEM;
	}
}

void list_source_finish(struct reader *reader, const struct range_list *list,
			struct list_draft *draft)
{
	struct list_source *source = &draft->source;

	if (!source->kind && draft->refresh.line)
		READER_WARNING(reader, draft->refresh, NULL,
			       "refresh has no effect: the list has no source");
	if (!source->kind || reader->error)
		return;
	if (list->action == LIST_DENIED)
		READER_ERROR(reader, source->place, "a denied list has ranges and files",
			     "only a trusted list can have a source");
	else if (!may_be_file(list->name))
		READER_ERROR(reader, list->place, "the name is that of its file in trusted.d",
			     "\"%s\": a list with a source begins and ends with no dot",
			     list->name);
	else
		set_path(reader, list->name, source);
}

void list_source_clear(struct list_source *source)
{
	free(source->text);
	free(source->target);
	free(source->path);
	*source = (struct list_source){.kind = SOURCE_NONE};
}
