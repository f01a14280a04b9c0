#ifndef LATHE_CLINUXPROCESS_H
#define LATHE_CLINUXPROCESS_H

#include <signal.h>
#include <sys/prctl.h>

// Asks the kernel to kill this process when the thread that started it ends. prctl is variadic, which Swift
// cannot call.
static inline void lathe_die_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); }

#endif
