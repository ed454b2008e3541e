// expect: more_than_max_rank
#include <axiograd/core/shape.hpp>

namespace ag = axiograd;

#ifdef MUST_NOT_COMPILE
constexpr ag::shape full{1, 2, 3, 4, 5, 6, 7, 8, 9};
#else
constexpr ag::shape full{1, 2, 3, 4, 5, 6, 7, 8};
#endif
static_assert(full.rank == 8);
