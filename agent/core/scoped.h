/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a function owns is released when its scope ends, unless it was handed on with TAKE_FD() or
 * TAKE_PTR(). A descriptor that owns nothing is -1.
 */
#ifndef CORE_SCOPED_H
#define CORE_SCOPED_H

#include <stdlib.h>
#include <unistd.h>

static inline void scoped_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static inline void scoped_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline int scoped_take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define SCOPED_FD __attribute__((cleanup(scoped_close)))
#define SCOPED_FREE __attribute__((cleanup(scoped_free)))
#define TAKE_FD(fd) scoped_take_fd(&(fd))
#define TAKE_PTR(pointer)                                                                          \
	({                                                                                         \
		__typeof__(pointer) taken_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		taken_;                                                                            \
	})

#endif
