// What can be called, by the names and layers of the operator contract: `axiograd ops --inventory`. Every line is printed
// because its entry here ran: operators from their records, other names by calling them.

#include <axiograd/autograd/builder.hpp>
#include <axiograd/cli/command.hpp>
#include <axiograd/operators/attributes.hpp>
#include <axiograd/ops/ops.hpp>
#include <axiograd/spec/contract.hpp>

namespace axiograd::cli {
namespace {

struct entry {
  const char* id;
  const char* layer;
  void (*call)();
};
#define AXG_NAME(layer, id, ...) {#id, #layer, [] { (void)(__VA_ARGS__); }}
#define AXG_CHECK(layer, id, ...)                                      \
  {#id, #layer, [] {                                                   \
     if (!(__VA_ARGS__)) throw std::logic_error(#id " does not hold"); \
   }}
#define AXG_BOTH(id, ...)                                                    \
  AXG_NAME(scalar_spec, id, [](const auto& x) { return __VA_ARGS__; }(1.0)), \
      AXG_NAME(tensor_spec, id, [](const auto& x) { return __VA_ARGS__; }(vector()))

tensor<double> vector() { return tensor<double>::full({2}, 0.5); }
tensor<double> matrix() { return tensor<double>::full({2, 2}, 0.5); }
tensor<double> batch() { return tensor<double>::full({2, 2, 2}, 0.5); }

/// A tape with a leaf (0) and its sum (1).
tape<double> small_tape() {
  tape<double> t;
  const node_id x = ok_or_throw(t.leaf(vector()));
  ok_or_throw(t.apply(sum_op{}, x));
  return t;
}
const tensor<double> one = tensor<double>::scalar(1);

template <class T>
bool runs(const op_spec<T>& s, const tensor<T>& x) {
  const tensor<T> y = s.forward(x);
  return s.backward(x, y).shape() == x.shape();
}

const entry of_specs[]{
    AXG_BOTH(relu_deriv, relu_deriv(x)),
    AXG_BOTH(sigmoid_deriv, sigmoid_deriv(x)),
    AXG_BOTH(tanh_deriv, tanh_deriv(x)),
    AXG_BOTH(leaky_relu_deriv, leaky_relu_deriv(x, {.slope = 0.1})),
    AXG_BOTH(sinh_deriv, sinh_deriv(x)),
    AXG_BOTH(cosh_deriv, cosh_deriv(x)),
    AXG_BOTH(logistic, logistic(x)),
    AXG_BOTH(logistic_deriv, logistic_deriv(x)),
    AXG_BOTH(elu_deriv, elu_deriv(x, {.alpha = 1})),
    AXG_BOTH(gelu_deriv, gelu_deriv(x)),
    AXG_BOTH(silu_deriv, silu_deriv(x)),
    AXG_BOTH(softplus_deriv, softplus_deriv(x)),
    AXG_BOTH(safe_log_deriv, safe_log_deriv(x)),
    AXG_BOTH(smooth_abs_deriv, smooth_abs_deriv(x)),
    AXG_BOTH(sigmoid_output_deriv, sigmoid_output_deriv(x)),
    AXG_NAME(scalar_spec, numbers_epsilon, numbers_epsilon<double>()),
    AXG_NAME(tensor_spec, softmax_vec, softmax_vec(vector())),
    AXG_NAME(tensor_spec, softmax_backward, softmax_backward(vector(), vector())),
    AXG_NAME(tensor_spec, log_softmax_vec, log_softmax_vec(vector())),
    AXG_NAME(tensor_spec, log_softmax_backward, log_softmax_backward(vector(), vector())),
    AXG_NAME(tensor_spec, activation_gradient,
             activation_gradient([](const auto& x) { return tanh_deriv(x); }, vector(), vector())),
    AXG_CHECK(tensor_spec, shape_size, shape_size({2, 3}) == 6),
    AXG_CHECK(tensor_spec, shape_valid_axis, shape_valid_axis({2, 3}, 1)),
    AXG_CHECK(tensor_spec, shape_well_formed, shape_well_formed({2, 3})),
    AXG_CHECK(tensor_spec, shape_can_broadcast_to, shape_can_broadcast_to({3}, {2, 3})),
    AXG_CHECK(tensor_spec, shape_swap_adjacent_at_depth, shape_swap_adjacent_at_depth({2, 3}, 0) == shape{3, 2}),
};

const entry of_opspecs[]{
    AXG_CHECK(opspec, op_spec, runs(op_spec<double>{opspec::identity()}, vector())),
    AXG_CHECK(opspec, lift_elementwise_backward,
              lift_elementwise_backward<double>([](double x) { return 2 * x; })(vector(), vector()).size() == 2),
    AXG_CHECK(opspec, elu, runs(opspec::elu({.alpha = 1}), vector())),
    AXG_CHECK(opspec, gelu, runs(opspec::gelu(), vector())),
    AXG_CHECK(opspec, linear, runs(opspec::linear(matrix(), vector()), vector())),
    AXG_CHECK(opspec, scalar_of, scalar_of(one) == 1),
    AXG_CHECK(opspec, binary_elementwise,
              runs(opspec::binary_elementwise(
                       vector(), [](double x, double r) { return x * r; }, [](double, double r) { return r; }),
                   vector())),
    AXG_CHECK(opspec, smooth_abs, runs(opspec::smooth_abs(), vector())),
    AXG_CHECK(opspec, log, runs(opspec::log(), vector())),
    AXG_CHECK(opspec, safe_log, runs(opspec::safe_log(), vector())),
    AXG_CHECK(opspec, sqrt, runs(opspec::sqrt(), vector())),
    AXG_CHECK(opspec, reciprocal, runs(opspec::reciprocal(), vector())),
    AXG_CHECK(opspec, safe_reciprocal, runs(opspec::safe_reciprocal(), vector())),
    AXG_CHECK(opspec, div, runs(opspec::div(vector()), vector())),
    AXG_CHECK(opspec, safe_div, runs(opspec::safe_div(vector()), vector())),
    AXG_CHECK(opspec, leaky_relu, runs(opspec::leaky_relu({.slope = 0.1}), vector())),
    AXG_CHECK(opspec, mse_loss, runs(opspec::mse_loss(vector()), vector())),
    AXG_CHECK(opspec, mae_loss, runs(opspec::mae_loss(vector()), vector())),
    AXG_CHECK(opspec, huber_loss, runs(opspec::huber_loss(vector()), vector())),
    AXG_CHECK(opspec, cross_entropy_loss, runs(opspec::cross_entropy_loss(vector()), vector())),
    AXG_CHECK(opspec, cross_entropy_logits_loss, runs(opspec::cross_entropy_logits_loss(vector()), vector())),
    AXG_CHECK(opspec, binary_cross_entropy_loss, runs(opspec::binary_cross_entropy_loss(vector()), vector())),
    AXG_CHECK(opspec, cosine_similarity_loss, runs(opspec::cosine_similarity_loss(vector()), vector())),
    AXG_CHECK(opspec, hinge_loss, runs(opspec::hinge_loss(vector()), vector())),
    AXG_CHECK(opspec, poisson_loss, runs(opspec::poisson_loss(vector()), vector())),
    AXG_CHECK(opspec, log_cosh_loss, runs(opspec::log_cosh_loss(vector()), vector())),
    AXG_CHECK(opspec, layer_norm, runs(opspec::layer_norm(vector(), vector()), matrix())),
    AXG_CHECK(opspec, identity, runs(opspec::identity(), vector())),
    AXG_CHECK(opspec, transpose2d, runs(opspec::transpose2d(), matrix())),
    AXG_CHECK(opspec, scalar_to_shape, runs(opspec::scalar_to_shape({2, 3}), one)),
    AXG_CHECK(opspec, matmul_right, runs(opspec::matmul_right(matrix()), matrix())),
    AXG_CHECK(opspec, matmul_left, runs(opspec::matmul_left(matrix()), matrix())),
    AXG_CHECK(opspec, bmm_right, runs(opspec::bmm_right(batch()), batch())),
    AXG_CHECK(opspec, bmm_left, runs(opspec::bmm_left(batch()), batch())),
    AXG_CHECK(opspec, embedding_one_hot, runs(opspec::embedding_one_hot(matrix()), matrix())),
    AXG_CHECK(opspec, reduce_sum, runs(opspec::reduce_sum({.axis = 0}), matrix())),
    AXG_CHECK(opspec, binary_broadcast,
              runs(opspec::binary_broadcast(
                       vector(), {2, 2}, [](double x, double r) { return x * r; }, [](double, double r) { return r; }),
                   vector())),
    AXG_CHECK(opspec, add_broadcast, runs(opspec::add_broadcast(vector(), {2, 2}), vector())),
    AXG_CHECK(opspec, mul_broadcast, runs(opspec::mul_broadcast(vector(), {2, 2}), vector())),
};

using builder = tape_builder<double>;
const entry of_tapes[]{
    AXG_CHECK(tape, leaf, tape<double>().leaf(vector()).has_value()),
    AXG_CHECK(tapem, leaf, builder::run({}, [](builder& b) { return b.leaf(vector()); }).has_value()),
    AXG_CHECK(tape, mse_value, mse_value(vector(), vector()).size() == 1),
    AXG_CHECK(tape, mse_value_deriv, mse_value_deriv(vector(), vector()).size() == 2),
    AXG_NAME(tape, max_pool2d_pad, max_pool2d_pad(batch(), {.kernel = 2, .padding = 1})),
    AXG_NAME(tape, avg_pool2d_pad, avg_pool2d_pad(batch(), {.kernel = 2, .padding = 1})),
    AXG_CHECK(
        tapem, max_pool2d_pad,
        builder::run({}, [](builder& b) { return max_pool2d_pad(b.leaf(batch()), {.kernel = 2, .padding = 1}); }).has_value()),
    AXG_CHECK(
        tapem, avg_pool2d_pad,
        builder::run({}, [](builder& b) { return avg_pool2d_pad(b.leaf(batch()), {.kernel = 2, .padding = 1}); }).has_value()),
    AXG_NAME(tapem, tapem, builder::run({}, [](builder& b) { return b.leaf(vector()); })),
    AXG_CHECK(tapem, get_tape, builder::run({}, [](builder& b) { return b.current_tape().size(); })->first == 0),
    AXG_CHECK(tapem, backward_scalar,
              builder::run({}, [](builder& b) { return b.backward_scalar(sum(b.leaf(vector()))); }).has_value()),
    AXG_CHECK(tapem, run, builder::run({}, [](builder& b) { return b.leaf(vector()); }).has_value()),
    AXG_CHECK(tapem, eval, builder::eval({}, [](builder& b) { return b.leaf(vector()); }).has_value()),
    AXG_CHECK(tapem, exec, builder::exec({}, [](builder& b) { return b.leaf(vector()); }).has_value()),
    AXG_CHECK(engine, result, result<int>(1).has_value()),
    AXG_CHECK(engine, ok_or_throw, ok_or_throw(result<int>(1)) == 1),
    AXG_CHECK(engine, any_tensor_make, any_tensor_make<double>({1}, std::array{1.0}).size() == 1),
    AXG_CHECK(engine, any_tensor_cast, any_tensor_cast(vector(), {2}).has_value()),
    AXG_CHECK(engine, any_tensor_add, any_tensor_add(vector(), vector()).has_value()),
    AXG_CHECK(engine, node, node<double>{.value = vector()}.requires_grad),
    AXG_CHECK(engine, tape, tape<double>().empty()),
    AXG_CHECK(engine, tape_empty, tape<double>().empty()),
    AXG_CHECK(engine, tape_size, small_tape().size() == 2),
    AXG_CHECK(engine, get_node, small_tape().get_node(1).has_value()),
    AXG_CHECK(engine, get_value, small_tape().get_value(1).has_value()),
    AXG_CHECK(engine, add_node, small_tape().add_node({.value = vector()}).has_value()),
    AXG_CHECK(engine, add_node_id, *small_tape().add_node({.value = vector()}) == small_tape().size()),
    AXG_CHECK(engine, size_add_node,
              [] {
                tape<double> t = small_tape();
                return t.add_node({.value = vector()}).has_value() && t.size() == small_tape().size() + 1;
              }()),
    AXG_CHECK(engine, require_value, small_tape().require_value(0, {2}).has_value()),
    AXG_CHECK(engine, require_grad, tape<double>::require_grad(vector(), {2}).has_value()),
    AXG_CHECK(engine, unary,
              small_tape()
                  .unary(
                      "double", 0, [](const tensor<double>& x) { return add(x, x); },
                      [](const tensor<double>&, const tensor<double>& g) { return add(g, g); })
                  .has_value()),
    AXG_CHECK(engine, add_grad_dense, small_tape().add_grad_dense(optional_gradients<double>(2), {0, vector()}).has_value()),
    AXG_CHECK(engine, add_grad_all, small_tape().add_grad_all({vector(), one}, {0, vector()}).has_value()),
    AXG_CHECK(engine, backward_dense, small_tape().backward_dense(1, one).has_value()),
    AXG_CHECK(engine, backward_dense_from_step, small_tape().backward_dense_from_step({vector(), one}, 1).has_value()),
    AXG_CHECK(engine, backward_dense_from_loop, small_tape().backward_dense_from_loop(2, {vector(), one}).has_value()),
    AXG_CHECK(engine, backward_dense_from, small_tape().backward_dense_from({vector(), one}).has_value()),
    AXG_CHECK(engine, backward_dense_all, small_tape().backward_dense_all(1, one).has_value()),
    AXG_CHECK(engine, dense_to_map, tape<double>::dense_to_map(*small_tape().backward_dense(1, one)).contains(0)),
    AXG_CHECK(engine, backward, small_tape().backward(1, one).has_value()),
    AXG_CHECK(engine, backward_scalar, small_tape().backward_scalar(1).has_value()),
};

/// Whether an operator's own tables are there and, if it is elementwise, take a test point.
void call_record(const op_record& r) {
  const attribute_set defaults(r);
  if (!r.family.pointwise || !defaults.complete()) return;
  const tensor<double> x = tensor<double>::full({1}, r.test_points.empty() ? 1.0 : r.test_points.back());
  ok_or_throw(call<double>(defaults, std::vector<const tensor<double>*>(r.inputs.size(), &x)));
}

}  // namespace

void print_inventory() {
  for (const op_record* r : all_records()) {
    call_record(*r);
    if (r->family.pointwise) say("{}\tscalar_spec\n", r->info.name.s);
    for (const char* layer : {"tensor_spec", "tape", "tapem"}) say("{}\t{}\n", r->info.name.s, layer);
  }
  for (const std::span<const entry> list :
       {std::span<const entry>(of_specs), std::span<const entry>(of_opspecs), std::span<const entry>(of_tapes)})
    for (const entry& e : list) {
      e.call();
      say("{}\t{}\n", e.id, e.layer);
    }
}

}  // namespace axiograd::cli
