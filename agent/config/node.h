/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of YAML that configurations use, as a tree with places: mappings, sequences and text.
 */
#ifndef CONFIG_NODE_H
#define CONFIG_NODE_H

#include "core/diag.h"

/* A file that needs more of them is refused; hundreds of thousands of ranges go into list files. */
#define NODES_MAX ((size_t)1 << 21)
#define NODE_DEPTH_MAX 32

enum node_kind {
	NODE_SCALAR,
	NODE_SEQUENCE,
	NODE_MAPPING, /* children: key, value, key, value, ... */
	NODE_BROKEN,  /* was reported already and means nothing */
};

struct node {
	enum node_kind kind;
	struct place place;
	char *text; /* of a scalar; NUL-terminated, but may hold NULs */
	size_t size;
	struct node *first;
	struct node *next;
};

/*
 * Reads a file of `sources`. Whatever is no YAML, or is YAML that configurations do not use (tags,
 * anchors, aliases, tabs, several documents, keys that are not text), is reported. *root is NULL
 * when the file holds nothing, or nothing that could be read. Returns 0 or -ENOMEM; free with
 * node_free().
 */
int node_parse(const struct sources *sources, uint16_t file, struct diags *diags,
	       struct node **root);

/* "text", "a list" or "a mapping". */
const char *node_kind_name(enum node_kind kind);

void node_free(struct node **root);

#endif
