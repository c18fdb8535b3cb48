// SPDX-License-Identifier: GPL-2.0-only
/* The files that the gate's configuration names: addresses, logins, passwords. */
#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/reader.h"
#include "core/file.h"
#include "core/scoped.h"
#include "core/text.h"

#define ENTRIES_MAX ((size_t)1 << 21) /* of one file */

/* A line, without comment and blanks around. */
struct line {
	const char *text;
	size_t size;
	struct place place;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* A comment begins the line or follows a blank: # and ; are letters of some addresses. */
static const char *comment_begin(const char *begin, const char *end)
{
	for (const char *at = begin; at < end; at++)
		if ((*at == '#' || *at == ';') && (at == begin || is_blank(at[-1])))
			return at;
	return end;
}

static struct line trim(const char *begin, const char *end, struct place place)
{
	const char *text = begin;

	while (text < end && is_blank(*text))
		text++;
	while (end > text && is_blank(end[-1]))
		end--;
	place.column += (uint32_t)(text - begin);
	place.length = (uint32_t)(end - text);
	return (struct line){.text = text, .size = (size_t)(end - text), .place = place};
}

/* The next line that says something; false at the end. `place` goes on from call to call. */
static bool next_line(const char **at, const char *end, struct place *place, struct line *line)
{
	while (*at < end) {
		const char *begin = *at;
		const char *newline = memchr(begin, '\n', (size_t)(end - begin));
		const char *stop = newline ? newline : end;

		*at = newline ? newline + 1 : end;
		place->column = 1;
		*line = trim(begin, comment_begin(begin, stop), *place);
		place->line++;
		if (line->size)
			return true;
	}
	return false;
}

static int open_file(struct reader *reader, const struct node *value)
{
	const struct source *base = &reader->config->sources.items[value->place.file];
	char *path SCOPED_FREE = path_beside(base->path, value->text);

	if (path)
		return read_source(reader, path, value->place);
	reader->error = -ENOMEM;
	return -ENOMEM;
}

static void add_addresses(struct reader *reader, struct gate_texts *texts, int file)
{
	const struct source *source = &reader->config->sources.items[file];
	const char *at = source->text, *end = at + source->size;
	struct place place = {.file = (uint16_t)file, .line = 1};
	size_t before = texts->count;
	struct line line;

	while (!reader->error && next_line(&at, end, &place, &line)) {
		if (texts->count - before == ENTRIES_MAX) {
			READER_ERROR(reader, line.place, NULL, "more than %zu entries",
				     ENTRIES_MAX);
			return;
		}
		texts_add(reader, texts, line.text, line.size, line.place);
	}
}

void read_address_file(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *field)
{
	int file;

	if (!value_is(reader, key, value, NODE_SCALAR))
		return;
	file = open_file(reader, value);
	if (file >= 0)
		add_addresses(reader, field, file);
}

void read_address_files(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *field)
{
	read_items(reader, key, value, read_address_file, field);
}

/* "login: address, address, @domain" */
static void add_login(struct reader *reader, struct gate_senders *senders, const struct line *line)
{
	const char *colon = memchr(line->text, ':', line->size);
	const char *end = line->text + line->size, *at;
	struct gate_login *logins, *login;
	struct line name;

	if (!colon || colon == line->text) {
		READER_ERROR(reader, line->place, "as in \"jane: jane@example.com, @example.org\"",
			     "this is not a login and its addresses");
		return;
	}
	logins = reallocarray(senders->logins, senders->login_count + 1, sizeof(*logins));
	if (!logins) {
		reader->error = -ENOMEM;
		return;
	}
	senders->logins = logins;
	login = &logins[senders->login_count++];
	name = trim(line->text, colon, line->place);
	*login = (struct gate_login){
		.name = {.text = name.text, .size = (uint32_t)name.size, .place = name.place}};
	for (at = colon + 1; at < end && !reader->error;) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		struct place place = line->place;
		struct line address;

		place.column += (uint32_t)(at - line->text);
		address = trim(at, comma ? comma : end, place);
		if (address.size)
			texts_add(reader, &login->addresses, address.text, address.size,
				  address.place);
		at = comma ? comma + 1 : end;
	}
}

void read_login_map(struct reader *reader, const struct schema_key *key, const struct node *value,
		    void *field)
{
	struct gate_senders *senders = field;
	struct place place = {.line = 1};
	const struct source *source;
	struct line line;
	const char *at;
	int file;

	if (!value_is(reader, key, value, NODE_SCALAR))
		return;
	file = open_file(reader, value);
	if (file < 0)
		return;
	senders->has_login_map = true;
	senders->place = value->place;
	place.file = (uint16_t)file;
	source = &reader->config->sources.items[file];
	at = source->text;
	while (!reader->error && next_line(&at, source->text + source->size, &place, &line))
		add_login(reader, senders, &line);
}

/* A message about a password file names the line and shows nothing of it. */
static void check_password_line(struct reader *reader, const struct line *line)
{
	const char *colon = memchr(line->text, ':', line->size);
	char setting[CRYPT_OUTPUT_SIZE] = "";
	size_t size = colon ? line->size - (size_t)(colon + 1 - line->text) : 0;

	if (!colon || colon == line->text || size == 0) {
		READER_ERROR(reader, line->place, "as `mkpasswd -m yescrypt` makes the hash",
			     "this is not a user and a hash");
		return;
	}
	if (size < sizeof(setting))
		memcpy(setting, colon + 1, size);
	switch (crypt_checksalt(setting)) {
	case CRYPT_SALT_OK:
		break;
	case CRYPT_SALT_METHOD_LEGACY:
	case CRYPT_SALT_TOO_CHEAP:
		READER_WARNING(reader, line->place, "use yescrypt, sha512crypt or bcrypt",
			       "this hash is of a weak method");
		break;
	default:
		READER_ERROR(reader, line->place, "yescrypt, sha512crypt and bcrypt are known",
			     "this hash is of no method that crypt(3) knows here");
	}
	explicit_bzero(setting, sizeof(setting));
}

static void check_password_file(struct reader *reader, const char *path, const char *text,
				size_t size, struct place named)
{
	char *nothing = calloc(1, 1);
	int file =
		nothing ? sources_add(&reader->config->sources, path, path, nothing, 0) : -ENOMEM;
	struct place place = {.file = (uint16_t)file, .line = 1};
	const char *at = text;
	struct stat status;
	struct line line;
	size_t users = 0;

	if (file < 0) {
		reader->error = -ENOMEM;
		return;
	}
	for (; next_line(&at, text + size, &place, &line); users++)
		check_password_line(reader, &line);
	if (!users)
		READER_WARNING(reader, named, NULL, "%s has no user: nobody can log in", path);
	if (!stat(path, &status) && status.st_mode & S_IROTH)
		READER_WARNING(reader, named, "chmod o-r would help",
			       "everybody on this host can read %s", path);
}

void read_password_file(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *field)
{
	struct gate_auth *auth = field;
	char *text;
	size_t size;
	int error;

	read_path(reader, key, value, &auth->file);
	if (!auth->file || reader->error)
		return;
	error = file_read(auth->file, &text, &size);
	if (error == -ENOMEM) {
		reader->error = error;
	} else if (error) {
		READER_ERROR(reader, value->place, file_error_hint(-error), "cannot read %s: %s",
			     auth->file, file_error_text(-error));
	} else {
		check_password_file(reader, auth->file, text, size, value->place);
		explicit_bzero(text, size);
		free(text);
	}
}
