/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Ownership in the type of the local: a variable marked _cleanup_ releases what it owns when it
 * goes out of scope; TAKE_PTR and TAKE_FD hand it over. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((__cleanup__(function)))
#define _printf_(format, first) __attribute__((__format__(__printf__, format, first)))
#define _noreturn_ __attribute__((__noreturn__))
#define _unused_ __attribute__((__unused__))

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

#define TAKE_PTR(p)                                                                                \
        ({                                                                                         \
                __typeof__(p) *_p_ = &(p);                                                         \
                __typeof__(p) _value_ = *_p_;                                                      \
                *_p_ = NULL;                                                                       \
                _value_;                                                                           \
        })

#define TAKE_FD(fd)                                                                                \
        ({                                                                                         \
                int *_fd_ = &(fd);                                                                 \
                int _value_ = *_fd_;                                                               \
                *_fd_ = -EBADF;                                                                    \
                _value_;                                                                           \
        })

/* Defines the NULL-tolerant helper NAME_p for use with _cleanup_(). */
#define DEFINE_CLEANUP(type, function)                                                             \
        static inline void function##_p(type *p)                                                   \
        {                                                                                          \
                if (*p)                                                                            \
                        (void) function(*p);                                                       \
        }

static inline void free_p(void *p)
{
        free(*(void **) p);
}

/* Closes without touching errno; always returns -EBADF, so that `fd = fd_close(fd)` reads well. */
static inline int fd_close(int fd)
{
        if (fd >= 0) {
                int saved = errno;

                (void) close(fd);
                errno = saved;
        }
        return -EBADF;
}

static inline void fd_close_p(int *fd)
{
        (void) fd_close(*fd);
}

DEFINE_CLEANUP(FILE *, fclose)
DEFINE_CLEANUP(DIR *, closedir)
