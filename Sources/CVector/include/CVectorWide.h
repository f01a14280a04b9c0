#ifndef LATHE_CVECTOR_WIDE_H
#define LATHE_CVECTOR_WIDE_H

// Four floats, and four doubles: SIMD4<Float> and SIMD4<Double>.
typedef float lathe_float4 __attribute__((ext_vector_type(4)));
typedef double lathe_double4 __attribute__((ext_vector_type(4)));

// Each element as a double, exactly. Swift's own conversion goes element by element, and takes what follows apart too.
static inline lathe_double4 lathe_widened(lathe_float4 x) { return __builtin_convertvector(x, lathe_double4); }

#endif
