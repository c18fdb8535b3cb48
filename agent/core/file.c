// SPDX-License-Identifier: GPL-2.0-only
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/scoped.h"

static int read_all(int fd, char *data, size_t size)
{
	for (size_t used = 0; used < size;) {
		ssize_t count = read(fd, data + used, size - used);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return count < 0 ? -errno : -EIO;
		used += (size_t)count;
	}
	return 0;
}

int file_read(const char *path, size_t limit, char **data, size_t *size)
{
	SCOPED_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	SCOPED_FREE char *read_data = NULL;
	struct stat status;
	int error;

	if (fd < 0 || fstat(fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if ((size_t)status.st_size > limit)
		return -EFBIG;
	read_data = malloc((size_t)status.st_size + 1);
	if (!read_data)
		return -ENOMEM;
	error = read_all(fd, read_data, (size_t)status.st_size);
	if (error)
		return error;
	read_data[status.st_size] = '\0';
	*data = TAKE_PTR(read_data);
	*size = (size_t)status.st_size;
	return 0;
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
static int temporary_path(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	int directory = slash ? (int)(slash - path) + 1 : 0;
	int length = snprintf(out, PATH_MAX, "%.*s.%s.XXXXXX", directory, path, path + directory);

	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int file_replace(const char *path, const char *data, size_t size)
{
	char temporary[PATH_MAX];
	struct stat status;
	mode_t mode = stat(path, &status) ? 0644 : status.st_mode & 07777;
	int error = temporary_path(path, temporary);
	SCOPED_FD int fd = -1;

	if (error)
		return error;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = write_all(fd, data, size);
	if (!error && (fchmod(fd, mode) || rename(temporary, path)))
		error = -errno;
	if (error)
		unlink(temporary);
	else
		sync_directory(path);
	return error;
}
