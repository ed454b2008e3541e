#pragma once
// std::sort, std::copy_n and the other algorithms over iterators, for headers: without the std::ranges ones, which make up most
// of <algorithm>, including the library takes the compiler 4 % less.

#if __has_include(<bits/stl_algo.h>)
#include <bits/stl_algobase.h>

#include <bits/stl_algo.h>  // after the other, which it needs
#else
#include <algorithm>
#endif
