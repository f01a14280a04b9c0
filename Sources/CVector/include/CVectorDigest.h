#ifndef LATHE_CVECTOR_DIGEST_H
#define LATHE_CVECTOR_DIGEST_H

#include <stddef.h>
#include <stdint.h>

// The XXH3-128 digest of bytes. Compiled as C: what Swift imports from a header is compiled without unrolling,
// which keeps the accumulators of XXH3 in memory and takes twice the time.
void lathe_digest_128(const void *bytes, size_t count, uint64_t *high, uint64_t *low);

#endif
