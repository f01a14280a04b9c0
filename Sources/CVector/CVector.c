// Header-only but for the digest: these functions are inlined into the Swift kernels that call them.
#include "CVector.h"
