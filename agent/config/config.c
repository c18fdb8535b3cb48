// SPDX-License-Identifier: GPL-2.0-only
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "config/reader.h"

const struct range_list *config_find_list(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->filter.list_count; i++)
		if (strcmp(config->filter.lists[i].name, name) == 0)
			return &config->filter.lists[i];
	return NULL;
}

const struct interface_name *config_find_interface(const struct filter_config *filter,
						   const char *name)
{
	for (size_t i = 0; i < filter->interface_count; i++)
		if (strcmp(filter->interfaces[i].name, name) == 0)
			return &filter->interfaces[i];
	return NULL;
}

/* FNV-1a on words instead of bytes, with a shift so that high bits reach the low ones. */
static uint64_t hash_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x100000001b3u;
	return hash ^ hash >> 32;
}

static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t size)
{
	uint64_t word;

	hash = hash_word(hash, size);
	for (; size >= sizeof(word); size -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		hash = hash_word(hash, word);
	}
	word = 0;
	memcpy(&word, bytes, size);
	return hash_word(hash, word);
}

void config_compute_hash(struct config *config)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < config->sources.count; i++) {
		const struct source *source = &config->sources.items[i];

		hash = hash_bytes(hash, source->name, strlen(source->name));
		hash = hash_bytes(hash, source->text, source->size);
	}
	config->hash = hash;
}

void config_free(struct config **config_pointer)
{
	struct config *config = *config_pointer;
	struct filter_config *filter;

	*config_pointer = NULL;
	if (!config)
		return;
	filter = &config->filter;
	for (size_t i = 0; i < filter->list_count; i++) {
		free(filter->lists[i].name);
		free(filter->lists[i].ranges);
		list_source_clear(&filter->lists[i].source);
	}
	free(filter->lists);
	free(filter->interfaces);
	free(filter->closed_ports);
	free(filter->open_ports);
	free(filter->destinations);
	gate_clear(&config->gate);
	free(config->trusted_directory);
	sources_clear(&config->sources);
	free(config);
}
