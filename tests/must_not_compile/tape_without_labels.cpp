// expect: tape::apply: wrong number of side inputs
#include <axiograd/axiograd.hpp>

namespace ag = axiograd;

auto loss(ag::tape<float>& t, ag::node_id x, const ag::index_tensor& labels) {
#ifdef MUST_NOT_COMPILE
  (void)labels;
  return t.apply(ag::cross_entropy_labels_op{}, x, x);
#else
  return t.apply(ag::cross_entropy_labels_op{}, x, labels);
#endif
}
