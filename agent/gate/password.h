/* SPDX-License-Identifier: GPL-2.0-only */
/* The password file, lines of user:hash, in the memory of the hasher alone. */
#ifndef GATE_PASSWORD_H
#define GATE_PASSWORD_H

#include <stdbool.h>

struct passwords;

/* Reads the file; comments and lines of another form are passed over. 0 or -errno. */
int passwords_read(const char *path, struct passwords **passwords);
void passwords_free(struct passwords **passwords);

/*
 * Compares with crypt(3). A user who is not there costs as much time as the first one in the file.
 * May be called from several threads at once.
 */
bool passwords_match(const struct passwords *passwords, const char *user, const char *password);

#endif
