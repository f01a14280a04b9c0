#include "CVectorDigest.h"

// Inlined so that XXH3 is compiled with the vector flags of this target; the shared library's own build stays at the
// baseline of its distribution.
#define XXH_INLINE_ALL
#include <xxhash.h>

void lathe_digest_128(const void *bytes, size_t count, uint64_t *high, uint64_t *low) {
    XXH128_hash_t hash = XXH3_128bits(bytes, count);
    *high = hash.high64;
    *low = hash.low64;
}
