// SPDX-License-Identifier: GPL-2.0-only
#include "gate/password.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/scoped.h"

struct user {
	const char *name; /* into the text */
	const char *hash;
};

struct passwords {
	char *text;
	size_t size;
	struct user *users; /* sorted by name */
	size_t count;
};

static char *skip_blanks(char *at)
{
	return at + strspn(at, " \t\r");
}

/* Cuts off a comment and blanks at the end. */
static void trim_end(char *line)
{
	size_t size = strlen(line);

	for (char *at = line; *at; at++)
		if ((*at == '#' || *at == ';') && (at == line || strchr(" \t", at[-1]))) {
			size = (size_t)(at - line);
			break;
		}
	while (size && strchr(" \t\r", line[size - 1]))
		size--;
	line[size] = '\0';
}

static int add_line(struct passwords *passwords, char *line)
{
	char *colon;
	struct user *users;

	line = skip_blanks(line);
	trim_end(line);
	colon = strchr(line, ':');
	if (!colon || colon == line || !colon[1])
		return 0;
	users = reallocarray(passwords->users, passwords->count + 1, sizeof(*users));
	if (!users)
		return -ENOMEM;
	*colon = '\0';
	passwords->users = users;
	users[passwords->count++] = (struct user){.name = line, .hash = colon + 1};
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct user *)a)->name, ((const struct user *)b)->name);
}

int passwords_read(const char *path, struct passwords **passwords)
{
	struct passwords *read = calloc(1, sizeof(*read));
	char *rest, *line;
	int error = read ? file_read(path, &read->text, &read->size) : -ENOMEM;

	rest = error ? NULL : read->text;
	while (!error && (line = strsep(&rest, "\n")))
		error = add_line(read, line);
	if (error) {
		passwords_free(&read);
		return error;
	}
	if (read->count)
		qsort(read->users, read->count, sizeof(*read->users), compare);
	*passwords = read;
	return 0;
}

void passwords_free(struct passwords **passwords)
{
	struct passwords *freeing = TAKE_PTR(*passwords);

	if (!freeing)
		return;
	if (freeing->text)
		explicit_bzero(freeing->text, freeing->size);
	free(freeing->text);
	free(freeing->users);
	free(freeing);
}

static bool equal_in_constant_time(const char *a, const char *b)
{
	size_t size = strlen(b);
	unsigned char differs = strlen(a) != size;

	for (size_t i = 0; !differs && i < size; i++)
		differs |= (unsigned char)(a[i] ^ b[i]);
	return !differs;
}

bool passwords_match(const struct passwords *passwords, const char *user, const char *password)
{
	struct user asked = {.name = user};
	const struct user *found = passwords->count
					   ? bsearch(&asked, passwords->users, passwords->count,
						     sizeof(asked), compare)
					   : NULL;
	const struct user *shown = found ? found : passwords->users;
	struct crypt_data *data;
	const char *hash;
	bool match;

	if (!shown)
		return false;
	data = calloc(1, sizeof(*data));
	if (!data)
		return false;
	hash = crypt_r(password, shown->hash, data);
	match = hash && hash[0] != '*' && equal_in_constant_time(hash, shown->hash) && found;
	explicit_bzero(data, sizeof(*data));
	free(data);
	return match;
}
