// SPDX-License-Identifier: GPL-2.0-only
#include "core/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/scoped.h"

/* One more than may be: a file that fills it is too large. */
#define READ_MAX (FILE_SIZE_MAX + 1)

/* Files of /proc say that they have no size, so the size is only where to begin. */
static int read_all(int fd, size_t expected, char **out, size_t *out_size)
{
	size_t capacity = (expected < READ_MAX ? expected : READ_MAX) + 2;
	size_t size = 0;
	char *text = malloc(capacity);

	while (text) {
		ssize_t got = read(fd, text + size, capacity - 1 - size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || size + (size_t)got > FILE_SIZE_MAX) {
			int error = got < 0 ? -errno : -EFBIG;

			free(text);
			return error;
		}
		size += (size_t)got;
		if (got == 0) {
			text[size] = '\0';
			*out = text;
			*out_size = size;
			return 0;
		}
		if (size == capacity - 1) {
			char *larger = realloc(text, capacity * 2);

			if (!larger)
				free(text);
			text = larger;
			capacity *= 2;
		}
	}
	return -ENOMEM;
}

int file_read_descriptor(int fd, char **data, size_t *size)
{
	return read_all(fd, 0, data, size);
}

int file_read(const char *path, char **data, size_t *size)
{
	SCOPED_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_size > (off_t)FILE_SIZE_MAX)
		return -EFBIG;
	return read_all(fd, (size_t)status.st_size, data, size);
}

const char *file_error_text(int error)
{
	switch (error) {
	case EFBIG:
		return "it is larger than 16 MiB";
	case EINVAL:
		return "it is not a regular file";
	default:
		return strerror(error);
	}
}

const char *file_error_hint(int error)
{
	return error == EACCES ? "the running agent reads files as root without CAP_DAC_OVERRIDE: "
				 "chown or chmod it"
			       : NULL;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t count = write(fd, data, size);

		if (count < 0 && errno != EINTR)
			return -errno;
		if (count > 0) {
			data += count;
			size -= (size_t)count;
		}
	}
	return fsync(fd) ? -errno : 0;
}

/* The rename itself must be on disk too. */
static void sync_directory(const char *path)
{
	char directory[PATH_MAX];
	char *slash;

	snprintf(directory, sizeof(directory), "%s", path);
	slash = strrchr(directory, '/');
	if (slash)
		slash[slash == directory] = '\0';
	SCOPED_FD int fd = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		fsync(fd);
}

/* A dot in front: no list file, and nothing that `*` in an include would take up. */
#define UNFINISHED ".mxfence-"
#define UNFINISHED_RANDOM "XXXXXX"

static int unfinished_path(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	int directory = slash ? (int)(slash - path) + 1 : 0;
	int length = snprintf(out, PATH_MAX, "%.*s.%s" UNFINISHED UNFINISHED_RANDOM, directory,
			      path, path + directory);

	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static bool is_unfinished(const char *name)
{
	size_t tail = strlen(UNFINISHED UNFINISHED_RANDOM), size = strlen(name);

	return name[0] == '.' && size > tail &&
	       !strncmp(name + size - tail, UNFINISHED, strlen(UNFINISHED));
}

static int file_keep_owner(int fd, const struct stat *old, const char *path,
			   struct trouble *trouble)
{
	struct stat new;

	if (!fstat(fd, &new) && ((new.st_uid == old->st_uid &&new.st_gid == old->st_gid) ||
				 !fchown(fd, old->st_uid, old->st_gid)))
		return 0;
	return trouble_set(trouble, -EPERM,
			   "%s belongs to user %u and group %u, which a new version of it could "
			   "not: edit it yourself, or let it belong to the agent's user and group "
			   "(or its folder keep the group, with `chmod g+s`)",
			   path, old->st_uid, old->st_gid);
}

static int file_write(int fd, const struct stat *old, const char *path, const char *data,
		      size_t size, struct trouble *trouble)
{
	int error = old ? file_keep_owner(fd, old, path, trouble) : 0;

	if (error)
		return error;
	error = write_all(fd, data, size);
	if (!error && fchmod(fd, old ? old->st_mode & 07777 : 0644))
		error = -errno;
	return error ? trouble_set(trouble, error, "%s: %s", path, strerror(-error)) : 0;
}

int file_replace(const char *path, const char *data, size_t size, struct trouble *trouble)
{
	char unfinished[PATH_MAX];
	struct stat old;
	bool exists = !lstat(path, &old);
	int error = unfinished_path(path, unfinished);
	SCOPED_FD int fd = -1;

	if (exists && S_ISLNK(old.st_mode))
		return trouble_set(trouble, -ELOOP, "%s is a symbolic link; edit its target", path);
	if (!error) {
		fd = mkostemp(unfinished, O_CLOEXEC);
		error = fd < 0 ? -errno : 0;
	}
	if (error)
		return trouble_set(trouble, error, "%s: %s", path, strerror(-error));
	error = file_write(fd, exists ? &old : NULL, path, data, size, trouble);
	if (!error && rename(unfinished, path))
		error = trouble_set(trouble, -errno, "%s: %s", path, strerror(errno));
	if (error)
		unlink(unfinished);
	else
		sync_directory(path);
	return error;
}

unsigned int file_remove_unfinished(const char *directory)
{
	DIR *stream = opendir(directory);
	struct dirent *entry;
	unsigned int removed = 0;

	while (stream && (entry = readdir(stream)))
		if (is_unfinished(entry->d_name))
			removed += !unlinkat(dirfd(stream), entry->d_name, 0);
	if (stream)
		closedir(stream);
	return removed;
}
