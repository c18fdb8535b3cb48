// SPDX-License-Identifier: GPL-2.0-only
#include "keeper_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "core/scoped.h"

static int edit_read_file(struct list_edit *edit, struct trouble *trouble)
{
	int error = file_read(edit->path, &edit->data, &edit->size);
	const char *hint = file_error_hint(-error);
	struct stat status;

	edit->exists = error != -ENOENT;
	if (edit->exists && !stat(edit->path, &status))
		edit->written = status.st_mtim;
	if (error == -ENOENT) {
		edit->data = strdup("");
		return edit->data ? 0 : trouble_set(trouble, -ENOMEM, "out of memory");
	}
	if (!error)
		return 0;
	return trouble_set(trouble, error == -EINVAL ? -EBADF : error, "%s: %s%s%s", edit->path,
			   file_error_text(-error), hint ? "; " : "", hint ? hint : "");
}

int list_edit_open(const struct keeper *keeper, const char *list, struct list_edit *edit,
		   struct trouble *trouble)
{
	const char *directory = keeper->config->trusted_directory;
	int length;

	edit->list = list;
	if (!trust_name_is_valid(list))
		return trouble_set(trouble, -EINVAL,
				   "%.80s cannot be a list's name: letters, digits, '-', '_' and "
				   "inner dots",
				   list);
	length = snprintf(edit->path, sizeof(edit->path), "%s/%s.cidr", directory, list);
	if (length < 0 || (size_t)length >= sizeof(edit->path))
		return trouble_set(trouble, -ENAMETOOLONG, "%s: the name is too long", directory);
	return edit_read_file(edit, trouble);
}

bool list_edit_is_in_force(const struct keeper *keeper, const struct list_edit *edit)
{
	const struct sources *sources = &keeper->config->sources;
	int file = sources_find(sources, edit->path);
	const struct source *source = file < 0 ? NULL : &sources->items[file];

	return source && source->size == edit->size &&
	       !memcmp(source->text, edit->data, edit->size);
}

void list_edit_close(struct list_edit *edit)
{
	free(TAKE_PTR(edit->data));
}

int list_edit_write(const struct keeper *keeper, const struct list_edit *edit,
		    const struct text *text, struct trouble *trouble)
{
	const char *directory = keeper->config->trusted_directory;

	if (!text)
		return 0;
	if (mkdir(directory, 0755) && errno != EEXIST)
		return trouble_set(trouble, -errno, "%s: %s", directory, strerror(errno));
	return file_replace(edit->path, text->data, text->size, trouble);
}

/* With its age, which tells how current a list is that follows a source. */
static void edit_undo(const struct list_edit *edit)
{
	const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, edit->written};
	struct trouble trouble;
	int error = 0;

	if (edit->exists)
		error = file_replace(edit->path, edit->data, edit->size, &trouble);
	else if (unlink(edit->path))
		error = trouble_set(&trouble, -errno, "%s: %s", edit->path, strerror(errno));
	if (error)
		log_error("putting the old contents back: %s", trouble.text);
	else if (edit->exists)
		utimensat(AT_FDCWD, edit->path, times, 0);
}

/* A change that is refused was no reload: what is known of the last one stays. */
static enum mxf_exit edit_reload(struct keeper *keeper, const struct keeper_terms *terms,
				 json_t **body)
{
	uint64_t time_before = keeper->reload_time;
	char *error_before = TAKE_PTR(keeper->reload_error);
	enum mxf_exit exit = keeper_reload(keeper, terms, body);

	if (exit == MXF_EXIT_OK) {
		free(error_before);
		return exit;
	}
	free(keeper->reload_error);
	keeper->reload_error = error_before;
	keeper->reload_time = time_before;
	return exit;
}

void list_edit_apply(struct keeper *keeper, const struct list_edit *edit, const struct text *text,
		     const struct keeper_terms *terms, struct control_answer *answer)
{
	struct trouble trouble;
	int error = list_edit_write(keeper, edit, text, &trouble);

	if (error) {
		keeper_answer_error(answer, keeper_exit_for(error), "%s", trouble.text);
		return;
	}
	answer->exit = edit_reload(keeper, terms, &answer->body);
	if (answer->exit == MXF_EXIT_OK)
		return;
	answer->exit = MXF_EXIT_FAILED;
	if (text)
		edit_undo(edit);
}
