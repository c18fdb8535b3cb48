// SPDX-License-Identifier: GPL-2.0-only
#include "config/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* libyaml counts characters; places count lines and bytes. */
struct position {
	size_t index; /* in characters */
	size_t offset;
	size_t line_offset;
	uint32_t line;
};

struct builder {
	yaml_parser_t parser;
	const struct source *source;
	uint16_t file;
	struct position position;
	size_t nodes;
	struct diags *diags;
};

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static void step_forward(struct position *position, const struct source *source)
{
	bool newline = source->text[position->offset] == '\n';

	do
		position->offset++;
	while (position->offset < source->size && is_continuation(source->text[position->offset]));
	position->index++;
	if (newline) {
		position->line++;
		position->line_offset = position->offset;
	}
}

/* The parser's places ascend, but for the start of a collection, told with its first key. */
static void step_backward(struct position *position, const struct source *source)
{
	const char *newline;

	do
		position->offset--;
	while (position->offset > 0 && is_continuation(source->text[position->offset]));
	position->index--;
	if (source->text[position->offset] != '\n')
		return;
	newline = memrchr(source->text, '\n', position->offset);
	position->line--;
	position->line_offset = newline ? (size_t)(newline - source->text) + 1 : 0;
}

static void move_to(struct position *position, const struct source *source, size_t index)
{
	while (position->index > index)
		step_backward(position, source);
	while (position->index < index && position->offset < source->size)
		step_forward(position, source);
}

static struct place place_between(struct builder *builder, size_t start, size_t end)
{
	struct position *position = &builder->position;
	const struct source *source = builder->source;
	struct place place = {.file = builder->file, .length = 1};
	size_t offset;

	move_to(position, source, start);
	offset = position->offset;
	place.line = position->line;
	place.column = (uint32_t)(offset - position->line_offset) + 1;
	while (position->index < end && position->offset < source->size &&
	       source->text[position->offset] != '\n')
		step_forward(position, source);
	if (position->offset > offset)
		place.length = (uint32_t)(position->offset - offset);
	return place;
}

static struct place event_place(struct builder *builder, const yaml_event_t *event)
{
	return place_between(builder, event->start_mark.index, event->end_mark.index);
}

static void report_reader_problem(struct builder *builder)
{
	struct place place = {.file = builder->file, .line = 1, .length = 1};
	const char *text = builder->source->text;
	size_t end = builder->parser.problem_offset;
	size_t line = 0;

	if (end > builder->source->size)
		end = builder->source->size;
	for (size_t i = 0; i < end; i++) {
		if (text[i] != '\n')
			continue;
		place.line++;
		line = i + 1;
	}
	place.column = (uint32_t)(end - line) + 1;
	diags_add(builder->diags, DIAG_ERROR, place, "the file must be UTF-8 text",
		  "cannot be read as text: %s", builder->parser.problem);
}

static int report_problem(struct builder *builder)
{
	const yaml_parser_t *parser = &builder->parser;
	size_t index = parser->problem_mark.index;

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		report_reader_problem(builder);
	else
		diags_add(builder->diags, DIAG_ERROR, place_between(builder, index, index), NULL,
			  "this is not YAML: %s%s%s", parser->context ? parser->context : "",
			  parser->context ? ", " : "", parser->problem);
	return -EINVAL;
}

static int next_event(struct builder *builder, yaml_event_t *event)
{
	return yaml_parser_parse(&builder->parser, event) ? 0 : report_problem(builder);
}

static void refuse(struct builder *builder, struct place place, const char *what)
{
	diags_add(builder->diags, DIAG_ERROR, place, NULL, "%s are not used in configurations",
		  what);
}

static void check_decorations(struct builder *builder, struct place place, const void *anchor,
			      const void *tag)
{
	if (anchor)
		refuse(builder, place, "anchors");
	if (tag)
		refuse(builder, place, "tags");
}

static struct node *new_node(struct builder *builder, enum node_kind kind, yaml_event_t *event)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->kind = kind;
	node->place = event_place(builder, event);
	builder->nodes++;
	return node;
}

static struct node *node_from_event(struct builder *builder, yaml_event_t *event)
{
	struct node *node;

	switch (event->type) {
	case YAML_SCALAR_EVENT:
		node = new_node(builder, NODE_SCALAR, event);
		if (!node)
			return NULL;
		check_decorations(builder, node->place, event->data.scalar.anchor,
				  event->data.scalar.tag);
		node->text = (char *)event->data.scalar.value;
		node->size = event->data.scalar.length;
		event->data.scalar.value = NULL;
		return node;
	case YAML_SEQUENCE_START_EVENT:
		node = new_node(builder, NODE_SEQUENCE, event);
		if (node)
			check_decorations(builder, node->place, event->data.sequence_start.anchor,
					  event->data.sequence_start.tag);
		return node;
	case YAML_MAPPING_START_EVENT:
		node = new_node(builder, NODE_MAPPING, event);
		if (node)
			check_decorations(builder, node->place, event->data.mapping_start.anchor,
					  event->data.mapping_start.tag);
		return node;
	default:
		node = new_node(builder, NODE_BROKEN, event);
		if (node)
			refuse(builder, node->place, "aliases");
		return node;
	}
}

static int check_limits(struct builder *builder, const struct node *node, unsigned int depth)
{
	if (depth > NODE_DEPTH_MAX)
		diags_add(builder->diags, DIAG_ERROR, node->place, NULL, "nested too deeply");
	else if (builder->nodes > NODES_MAX)
		diags_add(builder->diags, DIAG_ERROR, node->place,
			  "long lists of ranges go into list files", "too many values in one file");
	else
		return 0;
	return -EINVAL;
}

static int build_children(struct builder *builder, struct node *parent, unsigned int depth);

/* Takes the event. What was built is in *out also on failure. */
static int build_node(struct builder *builder, yaml_event_t *event, unsigned int depth,
		      struct node **out)
{
	struct node *node = node_from_event(builder, event);
	int error;

	yaml_event_delete(event);
	*out = node;
	if (!node)
		return -ENOMEM;
	error = check_limits(builder, node, depth);
	if (error || node->kind == NODE_SCALAR || node->kind == NODE_BROKEN)
		return error;
	return build_children(builder, node, depth + 1);
}

static void check_key(struct builder *builder, struct node *key)
{
	if (key->kind != NODE_SCALAR && key->kind != NODE_BROKEN)
		diags_add(builder->diags, DIAG_ERROR, key->place, NULL,
			  "a key must be text, not %s", node_kind_name(key->kind));
}

static int build_children(struct builder *builder, struct node *parent, unsigned int depth)
{
	struct node **link = &parent->first;

	for (size_t count = 0;; count++) {
		yaml_event_t event;
		int error = next_event(builder, &event);

		if (error)
			return error;
		if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			return 0;
		}
		error = build_node(builder, &event, depth, link);
		if (error)
			return error;
		if (parent->kind == NODE_MAPPING && count % 2 == 0)
			check_key(builder, *link);
		link = &(*link)->next;
	}
}

/* From document start to document end. */
static int build_document(struct builder *builder, struct node **root)
{
	yaml_event_t event;
	int error = next_event(builder, &event);

	if (!error)
		error = build_node(builder, &event, 0, root);
	if (!error)
		error = next_event(builder, &event);
	if (!error)
		yaml_event_delete(&event);
	return error;
}

static int build_stream(struct builder *builder, struct node **root)
{
	for (unsigned int documents = 0;;) {
		yaml_event_t event;
		yaml_event_type_t type;
		struct place place;
		int error = next_event(builder, &event);

		if (error)
			return error;
		type = event.type;
		place = event_place(builder, &event);
		yaml_event_delete(&event);
		if (type == YAML_STREAM_END_EVENT)
			return 0;
		if (type != YAML_DOCUMENT_START_EVENT)
			continue;
		if (documents++ > 0) {
			refuse(builder, place, "several documents in one file");
			return -EINVAL;
		}
		error = build_document(builder, root);
		if (error)
			return error;
	}
}

/*
 * The length up to where a comment may begin. A tab in a comment hurts nobody; one in quotes
 * behind a "#" gets through here and is refused by whatever type the text has.
 */
static size_t before_comment(const char *line, size_t length)
{
	for (const char *at = line; (at = memchr(at, '#', length - (size_t)(at - line))); at++)
		if (at == line || at[-1] == ' ' || at[-1] == '\t')
			return (size_t)(at - line);
	return length;
}

static bool has_tabs(const struct sources *sources, uint16_t file, struct diags *diags)
{
	struct source_cursor cursor = {0};
	struct place place = {.file = file, .line = 1};
	const struct source *source = &sources->items[file];
	bool found = false;
	const char *line;
	const char *tab;
	size_t length;

	if (!memchr(source->text, '\t', source->size))
		return false;
	while ((line = sources_seek(sources, &cursor, file, place.line, &length))) {
		tab = memchr(line, '\t', before_comment(line, length));
		if (tab) {
			place.column = (uint32_t)(tab - line) + 1;
			diags_add(diags, DIAG_ERROR, place, "indent and separate with spaces",
				  "tabs are not used in configurations");
			found = true;
		}
		place.line++;
	}
	return found;
}

int node_parse(const struct sources *sources, uint16_t file, struct diags *diags,
	       struct node **root)
{
	const struct source *source = &sources->items[file];
	struct builder builder = {
		.source = source,
		.file = file,
		.position = {.line = 1},
		.diags = diags,
	};
	int error;

	*root = NULL;
	if (has_tabs(sources, file, diags))
		return 0;
	if (!yaml_parser_initialize(&builder.parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&builder.parser, (const unsigned char *)source->text,
				     source->size);
	error = build_stream(&builder, root);
	yaml_parser_delete(&builder.parser);
	if (error)
		node_free(root);
	return error == -ENOMEM ? error : 0;
}

const char *node_kind_name(enum node_kind kind)
{
	static const char *const names[] = {
		[NODE_SCALAR] = "text",
		[NODE_SEQUENCE] = "a list",
		[NODE_MAPPING] = "a mapping",
		[NODE_BROKEN] = "broken",
	};

	return names[kind];
}

void node_free(struct node **root)
{
	struct node *node = *root;

	*root = NULL;
	while (node) {
		struct node *next = node->next;

		node_free(&node->first);
		free(node->text);
		free(node);
		node = next;
	}
}
