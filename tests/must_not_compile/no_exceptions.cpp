// expect: axiograd needs exceptions: .* Compile without -fno-exceptions
// flags: -fno-exceptions
// errors: 2
#include <axiograd/axiograd.hpp>

int main() { return axiograd::shape{1, 2}.rank - 2; }
