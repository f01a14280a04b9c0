// The module is header-only: its functions are inlined into the Swift kernels that call them.
#include "CVector.h"
