// Vector shuffles that Swift's SIMD types cannot express well: transposes between planar channels and lane
// frames, packing and unpacking of PCM, and the guard for denormals. Nothing here is arithmetic on sound,
// except the scaling by a power of two and the widening to double (both exact), and the lane sums (additions in a
// fixed order).
//
// Every function that is written twice has a plain C twin, `..._plain`, which defines its result; the vector forms
// give the same bits.
#ifndef LATHE_CVECTOR_H
#define LATHE_CVECTOR_H

#include "CVectorGuard.h"
#include "CVectorCells.h"
#include "CVectorDigest.h"
#include "CVectorLanes.h"
#include "CVectorPCM.h"
#include "CVectorPlanes.h"
#include "CVectorWide.h"

#endif
