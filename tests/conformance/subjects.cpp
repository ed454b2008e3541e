#include <axiograd/ops/ops.hpp>

#include "subject.hpp"

namespace axiograd::conformance {

std::span<const subject* const> all_subjects() {
  static const auto list = []<class... Ops>(type_list<Ops...>) {
    return std::array<const subject*, sizeof...(Ops)>{&subject_of<Ops>()...};
  }(all_ops{});
  return list;
}

}  // namespace axiograd::conformance
