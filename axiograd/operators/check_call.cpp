#include <axiograd/operators/check_call.hpp>

namespace axiograd {

namespace {
std::string counted(std::size_t n, std::string_view what) { return message({n, " ", what, n == 1 ? "" : "s"}); }
}  // namespace

tl::unexpected<error> misfit(const char* name, const arity& in, std::size_t tensors, std::size_t sides) {
  const auto most = static_cast<std::size_t>(in.tensors), side = static_cast<std::size_t>(in.side);
  const std::size_t fewest = in.optional >= 0 ? most - 1 : most;
  if (tensors < fewest || tensors > most)
    return fail(error_kind::invalid_parameter, message({name, ": ", counted(tensors, "tensor"), " given, it takes ",
                                                        fewest < most ? message({fewest, " or "}) : "", most}));
  if (sides != side)
    return fail(error_kind::invalid_parameter,
                message({name, ": ", counted(sides, "side input"), " (indices, labels) given, it takes ", side}));
  return fail(error_kind::invalid_parameter, message({name, ": its attributes are missing"}));
}

}  // namespace axiograd
