// SPDX-License-Identifier: GPL-2.0-only
/* The named lists: `trusted`, `denied`, and the files of trusted.d. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/reader.h"
#include "core/scoped.h"
#include "core/text.h"
#include "mxfence/generation.h"

#define SUFFIX ".cidr"

static bool check_name(struct reader *reader, const char *name, size_t size, struct place place)
{
	const struct config *config = reader->config;
	const struct range_list *before;
	char quote[TEXT_QUOTE_SIZE];

	if (!is_name(name, size)) {
		READER_ERROR(reader, place,
			     "up to 63 letters, digits, dots, dashes and underscores",
			     "\"%s\" is no name for a list", text_quote(name, size, quote));
		return false;
	}
	before = config_find_list(config, name);
	if (before) {
		READER_ERROR(reader, place, "each list has a name of its own",
			     "there is a list \"%s\" already at %s:%u", name,
			     sources_name(&config->sources, before->place.file),
			     before->place.line);
		return false;
	}
	if (config->filter.list_count == LISTS_MAX) {
		READER_ERROR(reader, place, NULL, "more than %u lists", LISTS_MAX);
		return false;
	}
	return true;
}

/* Adds an empty list; NULL when the name is refused or there is no memory. */
static struct range_list *add_list(struct reader *reader, enum list_action action, const char *name,
				   size_t size, struct place place)
{
	struct filter_config *filter = &reader->config->filter;
	struct range_list *lists;

	if (!check_name(reader, name, size, place))
		return NULL;
	lists = reallocarray(filter->lists, filter->list_count + 1, sizeof(*lists));
	if (lists)
		filter->lists = lists;
	if (lists)
		lists[filter->list_count] = (struct range_list){
			.name = strndup(name, size), .action = action, .place = place};
	if (!lists || !lists[filter->list_count].name) {
		reader->error = -ENOMEM;
		return NULL;
	}
	return &lists[filter->list_count++];
}

/* Hands the draft's ranges to the list, without the room that was left to grow. */
static void finish_list(struct reader *reader, struct range_list *list, struct list_draft *draft)
{
	struct range_array *ranges = &draft->ranges;
	struct range *exact = reallocarray(ranges->items, ranges->count, sizeof(*exact));

	list->ranges = exact || ranges->count == 0 ? exact : ranges->items;
	list->count = ranges->count;
	list->source = draft->source;
	reader->range_count += ranges->count;
	if (reader->range_count > MXF_RANGES_MAX)
		READER_ERROR(reader, list->place, NULL, "more than %u ranges in all lists",
			     MXF_RANGES_MAX);
}

static void read_file(struct reader *reader, struct list_draft *draft, int file)
{
	if (file >= 0)
		reader->error =
			range_array_read_file(&draft->ranges, &reader->config->sources,
					      (uint16_t)file, MXF_RANGES_MAX, reader->diags);
}

static void add_range(struct reader *reader, const struct schema_key *key, const struct node *item,
		      void *field)
{
	struct list_draft *draft = field;

	(void)key;
	reader->error = range_array_read(&draft->ranges, item->text, item->size, item->place,
					 reader->diags);
}

void read_list_ranges(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *field)
{
	read_items(reader, key, value, add_range, field);
}

static void add_file(struct reader *reader, const struct schema_key *key, const struct node *item,
		     void *field)
{
	struct list_draft *draft = field;
	const struct source *base = &reader->config->sources.items[draft->file];
	char *path SCOPED_FREE = path_beside(base->path, item->text);

	(void)key;
	if (path)
		read_file(reader, draft, read_source(reader, path, item->place));
	else
		reader->error = -ENOMEM;
}

void read_list_files(struct reader *reader, const struct schema_key *key, const struct node *value,
		     void *field)
{
	read_items(reader, key, value, add_file, field);
}

static void report_no_list(struct reader *reader, const struct node *name, const struct node *value)
{
	char quote[TEXT_QUOTE_SIZE];

	if (value->kind != NODE_BROKEN)
		READER_ERROR(reader, value->place,
			     "as in {ranges: [192.0.2.0/24], files: [office.cidr]}",
			     "the list \"%s\" must be a mapping, not %s",
			     text_quote(name->text, name->size, quote),
			     node_kind_name(value->kind));
}

/* What mxfence-update got; the list may have ranges of its own beside. */
static void read_source_file(struct reader *reader, const struct range_list *list,
			     struct list_draft *draft)
{
	const char *path = draft->source.path;

	if (access(path, F_OK) == 0) {
		read_file(reader, draft, read_source_or_empty(reader, path));
		return;
	}
	draft->source.pending = true;
	READER_WARNING(reader, draft->source.place, "run mxfence-update, which gets it",
		       "list \"%s\": its file %s is not there yet", list->name, path);
}

static void read_list(struct reader *reader, const struct schema_key *key, const struct node *name,
		      const struct node *value)
{
	struct list_draft draft = {.file = name->place.file,
				   .source.refresh = LIST_REFRESH_DEFAULT};
	struct range_list *list;

	list = add_list(reader, key->argument, name->text, name->size, name->place);
	if (value->kind != NODE_MAPPING) {
		report_no_list(reader, name, value);
		return;
	}
	schema_read_entry(reader, "list", value, &draft);
	if (!list) { /* read only to hear all that is wrong */
		free(draft.ranges.items);
		list_source_clear(&draft.source);
		return;
	}
	list_source_finish(reader, list, &draft);
	if (draft.source.path)
		read_source_file(reader, list, &draft);
	finish_list(reader, list, &draft);
}

void read_lists(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *field)
{
	(void)field;
	if (!value_is(reader, key, value, NODE_MAPPING))
		return;
	for (const struct node *name = value->first; name && name->next && !reader->error;
	     name = name->next->next)
		if (name->kind == NODE_SCALAR)
			read_list(reader, key, name, name->next);
}

/* The file of a list with a source is no list of its own. */
static bool belongs_to_source(const struct reader *reader, const char *path)
{
	const struct filter_config *filter = &reader->config->filter;

	for (size_t i = 0; i < filter->list_count; i++)
		if (filter->lists[i].source.path && !strcmp(filter->lists[i].source.path, path))
			return true;
	return false;
}

static void read_directory_file(struct reader *reader, const char *directory, const char *name)
{
	struct list_draft draft = {0};
	struct range_list *list;
	char *path SCOPED_FREE = NULL;
	int file;

	if (asprintf(&path, "%s/%s", directory, name) < 0) {
		path = NULL;
		reader->error = -ENOMEM;
		return;
	}
	if (belongs_to_source(reader, path))
		return;
	file = read_source_or_empty(reader, path);
	if (file < 0)
		return;
	list = add_list(reader, LIST_TRUSTED, name, strlen(name) - strlen(SUFFIX),
			(struct place){.file = (uint16_t)file, .line = 1, .column = 1});
	if (!list)
		return;
	list->from_directory = true;
	read_file(reader, &draft, file);
	finish_list(reader, list, &draft);
}

static int is_list_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > strlen(SUFFIX) &&
	       strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) == 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void lists_read_directory(struct reader *reader, const char *directory)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, is_list_file, compare_names);

	if (count < 0 && errno == ENOENT)
		return;
	if (count < 0) {
		report_unreadable(reader, directory, errno);
		return;
	}
	for (int i = 0; i < count; i++) {
		if (!reader->error)
			read_directory_file(reader, directory, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}
