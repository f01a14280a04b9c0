// Counts this thread's allocations, for tests that prove that there are none. Test executables only.
#pragma once

// Calls of malloc, calloc, realloc, posix_memalign, aligned_alloc and memalign by this thread since it began.
long lathe_allocation_count(void);
