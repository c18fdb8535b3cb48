// SPDX-License-Identifier: GPL-2.0-only
#include "service/request.h"

#include <errno.h>
#include <string.h>

#include "mxfence/control.h"

#define VERB_ROW(name, changes) {name, changes},
static const struct {
	const char *name;
	bool changes;
} verbs[] = {MXF_CONTROL_VERBS(VERB_ROW)};

static int verb_find(const char *name, struct request *request)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, name) != 0)
			continue;
		request->verb = verbs[i].name;
		request->changes = verbs[i].changes;
		return 0;
	}
	return -EINVAL;
}

static int request_read(json_t *object, struct request *request, struct trouble *trouble)
{
	json_t *arguments = json_object_get(object, "arguments");
	const char *verb = json_string_value(json_object_get(object, "verb"));

	if (!verb)
		return trouble_set(trouble, -EINVAL,
				   "a request is an object with the string \"verb\"");
	if (arguments && !json_is_object(arguments))
		return trouble_set(trouble, -EINVAL, "\"arguments\" is not an object");
	if (verb_find(verb, request))
		return trouble_set(trouble, -EINVAL, "there is no verb \"%.40s\"", verb);
	request->arguments = arguments ? json_incref(arguments) : json_object();
	return request->arguments ? 0 : trouble_set(trouble, -ENOMEM, "out of memory");
}

int request_parse(const char *line, size_t size, struct request *request, struct trouble *trouble)
{
	json_error_t where;
	json_t *object = json_loadb(line, size, JSON_REJECT_DUPLICATES, &where);
	int error;

	if (!object)
		return trouble_set(trouble, -EINVAL, "the request is not JSON: %s", where.text);
	error = request_read(object, request, trouble);
	json_decref(object);
	return error;
}

void request_clear(struct request *request)
{
	json_decref(request->arguments);
	*request = (struct request){0};
}

int request_string(const json_t *arguments, const char *name, bool required, const char **value,
		   struct trouble *trouble)
{
	const json_t *given = json_object_get(arguments, name);

	if (!given && required)
		return trouble_set(trouble, -EINVAL, "the argument \"%s\" is missing", name);
	if (given && !json_is_string(given))
		return trouble_set(trouble, -EINVAL, "the argument \"%s\" is not a string", name);
	*value = json_string_value(given);
	return 0;
}

int request_number(const json_t *arguments, const char *name, long long least, long long most,
		   long long *value, struct trouble *trouble)
{
	const json_t *given = json_object_get(arguments, name);

	if (!given)
		return 0;
	if (!json_is_integer(given) || json_integer_value(given) < least ||
	    json_integer_value(given) > most)
		return trouble_set(trouble, -EINVAL,
				   "the argument \"%s\" is not a number from %lld to "
				   "%lld",
				   name, least, most);
	*value = json_integer_value(given);
	return 0;
}
