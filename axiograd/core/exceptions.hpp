#pragma once
// Included before everything else that the library's headers hold.

#if !defined(__cpp_exceptions) && !defined(__EXCEPTIONS)
#error \
    "axiograd needs exceptions: tensors and recordings report errors by them, and rational numbers a division by 0. Compile without -fno-exceptions."
#include <axiograd/needs_exceptions>  // not there: what follows would only be noise, and a missing file ends the run
#endif
