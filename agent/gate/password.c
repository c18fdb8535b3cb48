// SPDX-License-Identifier: GPL-2.0-only
#include "gate/password.h"

#include <crypt.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/file.h"
#include "core/scoped.h"

struct user {
	const char *name; /* into the text */
	const char *hash;
};

struct passwords {
	char *text;
	size_t size;
	struct user *users; /* sorted by name, each once */
	size_t count;
	uint64_t key;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts off a comment and the blanks around the rest. */
static char *trim(char *line)
{
	size_t size = 0;

	while (is_blank(*line))
		line++;
	while (line[size] &&
	       !((line[size] == '#' || line[size] == ';') && (!size || is_blank(line[size - 1]))))
		size++;
	while (size && is_blank(line[size - 1]))
		size--;
	line[size] = '\0';
	return line;
}

static int add_line(struct passwords *passwords, char *line)
{
	char *name = trim(line), *colon = strchr(name, ':');
	struct user *users;

	if (!colon || colon == name || !colon[1])
		return 0;
	users = reallocarray(passwords->users, passwords->count + 1, sizeof(*users));
	if (!users)
		return -ENOMEM;
	*colon = '\0';
	passwords->users = users;
	users[passwords->count++] = (struct user){.name = name, .hash = colon + 1};
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct user *)a)->name, ((const struct user *)b)->name);
}

/* Those of one name in the order of the file. */
static int compare_users(const void *a, const void *b)
{
	const struct user *left = a, *right = b;
	int order = compare_names(a, b);

	return order ? order : (left->name > right->name) - (left->name < right->name);
}

/* The first line of a name counts. */
static void sort_users(struct passwords *passwords)
{
	struct user *users = passwords->users;
	size_t kept = 0;

	if (passwords->count == 0)
		return;
	qsort(users, passwords->count, sizeof(*users), compare_users);
	for (size_t i = 1; i < passwords->count; i++)
		if (strcmp(users[kept].name, users[i].name) != 0)
			users[++kept] = users[i];
	passwords->count = kept + 1;
}

int passwords_read(const char *path, struct passwords **passwords)
{
	struct passwords *read = calloc(1, sizeof(*read));
	int error = read ? file_read(path, &read->text, &read->size) : -ENOMEM;
	char *rest = error ? NULL : read->text, *line;

	while (!error && (line = strsep(&rest, "\n")))
		error = add_line(read, line);
	if (!error && getrandom(&read->key, sizeof(read->key), 0) != sizeof(read->key))
		error = -errno;
	if (error) {
		passwords_free(&read);
		return error;
	}
	sort_users(read);
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

/*
 * Whose hash is made for a name that is not there: always the same one for a name, and one after
 * the other for many, so that neither one name's time nor that of all of them tells anything.
 */
static const struct user *stand_in(const struct passwords *passwords, const char *name)
{
	uint64_t hash = passwords->key;

	for (; *name; name++) {
		hash = (hash ^ (unsigned char)*name) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	return &passwords->users[hash % passwords->count];
}

static bool hashes_equal(const char *a, const char *b)
{
	size_t size = strlen(b);
	unsigned char differs = strlen(a) != size;

	for (size_t i = 0; i < size && a[i]; i++)
		differs |= (unsigned char)(a[i] ^ b[i]);
	return !differs;
}

/* A hash that is none, or a password too long for crypt(3), gives a text that begins with '*'. */
static bool hash_matches(const char *hash, const char *password)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *made = data ? crypt_r(password, hash, data) : NULL;
	bool matches = made && made[0] != '*' && hashes_equal(made, hash);

	if (data)
		explicit_bzero(data, sizeof(*data));
	free(data);
	return matches;
}

bool passwords_match(const struct passwords *passwords, const char *user, const char *password)
{
	const struct user asked = {.name = user};
	const struct user *found, *hashed;

	if (passwords->count == 0)
		return false;
	found = bsearch(&asked, passwords->users, passwords->count, sizeof(asked), compare_names);
	hashed = found ? found : stand_in(passwords, user);
	return hash_matches(hashed->hash, password) && found;
}
