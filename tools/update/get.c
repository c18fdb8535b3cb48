// SPDX-License-Identifier: GPL-2.0-only
#include "get.h"

#include <errno.h>

#include "core/file.h"
#include "parse.h"
#include "program.h"
#include "resolver.h"
#include "spf_walk.h"

static int get_spf(const struct list_source *source, const struct get_options *options,
		   struct gathering *gathering, struct failure *failure)
{
	struct resolver *resolver = NULL;
	int error = resolver_open(options->server, options->anchor, GET_DNS_TIMEOUT_MS, &resolver,
				  &failure->why);

	gathering->all_secure = true;
	failure->hint = NULL;
	if (!error)
		error = spf_walk(source->target, resolver_ask, resolver, gathering, failure);
	resolver_close(&resolver);
	return error ? error : gathering_finish(gathering, true, failure);
}

/* What is near may be private: the administrator's own file, or his own program. */
static int get_text(const struct list_source *source, char *text, size_t size,
		    struct gathering *gathering, struct failure *failure)
{
	int error = parse_ranges(source->target, text, size, gathering, failure);

	return error ? error : gathering_finish(gathering, false, failure);
}

static int get_file(const struct list_source *source, const struct get_options *options,
		    struct gathering *gathering, struct failure *failure)
{
	size_t size;
	char *text;
	int error = file_read(source->target, &text, &size);

	(void)options;
	if (!error)
		return get_text(source, text, size, gathering, failure);
	failure->hint = file_error_hint(-error);
	return trouble_set(&failure->why, error, "%s: %s", source->target, file_error_text(-error));
}

static int get_exec(const struct list_source *source, const struct get_options *options,
		    struct gathering *gathering, struct failure *failure)
{
	size_t size;
	char *text;
	int error = program_run(source->target, source->arguments, FILE_SIZE_MAX,
				GET_PROGRAM_TIMEOUT_MS, &text, &size, failure);

	(void)options;
	return error ? error : get_text(source, text, size, gathering, failure);
}

typedef int get_fn(const struct list_source *source, const struct get_options *options,
		   struct gathering *gathering, struct failure *failure);

static get_fn *const getters[] = {
	[SOURCE_SPF] = get_spf, [SOURCE_FILE] = get_file, [SOURCE_EXEC] = get_exec};

int get_ranges(const struct list_source *source, const struct get_options *options,
	       struct gathering *gathering, struct failure *failure)
{
	int error;

	failure->hint = NULL;
	error = getters[source->kind](source, options, gathering, failure);
	if (error == -ENOMEM)
		trouble_set(&failure->why, error, "out of memory");
	return error;
}
