#ifndef LATHE_CZEROMQ_SHIM_H
#define LATHE_CZEROMQ_SHIM_H

#include <errno.h>
#include <sys/eventfd.h>
#include <zmq.h>

// A macro over an expression with casts, which Swift does not import.
static const int lathe_eterm = ETERM;

// glibc spells these flags as members of an anonymous enumeration, which Swift does not import as integers.
static inline int lathe_eventfd_new(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

#endif
