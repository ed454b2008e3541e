// No member of a tape throws, whatever allocation fails: it reports out_of_memory, the tape is as it was, and what failed does
// the same when it is tried again.

#include <gtest/gtest.h>

#include <axiograd/autograd/builder.hpp>
#include <axiograd/core/scalar/prime_field.hpp>
#include <axiograd/operators/evaluate.hpp>
#include <axiograd/operators/program.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/ops.hpp>

#include "script.hpp"

namespace axiograd {
namespace {

template <class T>
tensor<T> numbers(const shape& dims, int first = 1) {
  tensor<T> t = tensor<T>::uninitialised(dims);
  for (int64_t i = 0; i < t.size(); ++i) t.mutable_data()[i] = T((first + 7 * i) % 11 - 5);
  return t;
}

/// A tape and what was read from it.
template <class T>
struct workbench {
  tape<T> t;
  std::vector<node_id> ids;
  digest read;

  bool add(const result<node_id>& r) {
    if (done(r)) ids.push_back(*r);
    return r.has_value();
  }
  bool look(const tensor<T>& x) {
    for (const T& entry : x) read << number(entry);
    return true;
  }
  bool look(const gradient_map<T>& all) {
    for (const auto& [id, g] : all) look(g);
    return true;
  }
  bool look(const optional_gradients<T>& all) {
    for (const auto& g : all)
      if (g) look(*g);
    return true;
  }
  bool look(const gradient_array<T>& all) {
    for (const auto& g : all) look(g);
    return true;
  }
  bool look(const contributions<T>& all) {
    for (const auto& c : all) look(c.cotangent);
    return true;
  }
  template <class R>
  bool take(const R& r) {
    return done(r) && look(*r);
  }
  static double number(const T& x) {
    if constexpr (std::floating_point<T>)
      return static_cast<double>(x);
    else
      return static_cast<double>(x.value());
  }
};

/// Steps on a workbench; `make` fills them in.
template <class T, class Make>
std::unique_ptr<script> on_a_tape(const Make& make) {
  auto s = std::make_unique<script>();
  auto w = std::make_shared<workbench<T>>();
  w->ids.reserve(64);
  make(*s, *w);
  s->state = [w] { return (digest() << w->t.size() << w->ids.size() << w->read.sum()).sum(); };
  s->outcome = [w] {
    digest all = w->read;
    for (node_id id = 0; id < w->t.size(); ++id) {
      const tensor<T> y = w->t.value(id).value();
      for (const T& x : y) all << workbench<T>::number(x);
    }
    return all.sum();
  };
  return s;
}

/// A node of the caller's own: twice its parent.
template <class T>
node<T> doubled(const tape<T>& t, node_id parent) {
  const tensor<T> x = t.value(parent).value();
  tensor<T> y = x;
  for (T& entry : y.mutable_values()) entry = entry + entry;
  return {.name = "twice what its parent is, a name that is too long for a small string",
          .value = y,
          .parents = {parent},
          .backward = [parent](const tensor<T>& dy) -> result<contributions<T>> {
            tensor<T> dx = dy;
            for (T& entry : dx.mutable_values()) entry = entry + entry;
            return contributions<T>{{parent, dx}};
          }};
}

template <class T>
void record_program(script& s, workbench<T>& w) {
  const auto step = [&](const auto& f) { s.steps.emplace_back([&w, f] { return w.add(f(w)); }); };
  using bench = workbench<T>;
  const index_tensor rows = index_tensor::from({2}, {3, 1});
  const tensor<T> x = numbers<T>({4, 6}), weight = numbers<T>({6, 4}, 3), more = numbers<T>({3000}, 2);
  step([=](bench& b) { return b.t.leaf(x, "an input with a name that no small string holds"); });  // 0
  step([=](bench& b) { return b.t.leaf(weight); });                                                // 1
  step([=](bench& b) { return b.t.apply(mul_op{}, b.ids[0], b.ids[0]); });                         // 2
  step([=](bench& b) { return b.t.apply(matmul_op{}, b.ids[2], b.ids[1]); });                      // 3: waits
  step([=](bench& b) { return b.t.apply(add_op{}, b.ids[3], b.ids[3]); });                         // 4: with it
  step([=](bench& b) { return b.t.apply(gather_rows_op{}, b.ids[4], rows); });                     // 5
  step([=](bench& b) { return b.t.apply(concat_op{.axis = 0}, b.ids[5], b.ids[4]); });             // 6
  s.steps.emplace_back([&w] {                                                                      // 7
    try {
      return w.add(w.t.add_node(doubled(w.t, w.ids[6])));
    } catch (const std::bad_alloc&) {  // the caller's own
      return false;
    }
  });
  step([=](bench& b) { return b.t.leaf(more); });                           // 8
  step([=](bench& b) { return b.t.apply(sub_op{}, b.ids[8], b.ids[8]); });  // 9
  step([=](bench& b) { return b.t.apply(sum_op{}, b.ids[7]); });            // 10
}

TEST(memory, building_a_tape) {
  expect_all_or_nothing([] { return on_a_tape<float>([](script& s, workbench<float>& w) { record_program(s, w); }); });
}

TEST(memory, building_a_tape_of_exact_numbers) {
  expect_all_or_nothing(
      [] { return on_a_tape<prime_field>([](script& s, workbench<prime_field>& w) { record_program(s, w); }); });
}

/// All of the program, recorded before memory is short.
template <class T>
void record_whole(workbench<T>& w) {
  script all;
  record_program(all, w);
  for (const auto& step : all.steps)
    if (!step()) throw std::runtime_error("the program cannot be recorded");
}

template <class T>
void all_reverse_passes(script& s, workbench<T>& w) {
  record_whole(w);
  const node_id out = w.ids.back();
  const tensor<T> one = tensor<T>::scalar(T(1)), of_six = numbers<T>({6, 4}, 5);
  const node_id six = w.ids[6];
  const auto step = [&](const auto& f) { s.steps.emplace_back([&w, f] { return w.take(f(w.t)); }); };
  using T_ = tape<T>;
  step([=](const T_& t) { return t.backward_dense(out, one); });
  step([=](const T_& t) { return t.backward_dense_all(six, of_six); });
  step([=](const T_& t) { return t.backward(six, of_six); });
  step([=](const T_& t) { return t.backward_scalar(out); });
  step([=](const T_& t) { return t.local_vjp(six, of_six); });
  auto workspace = std::make_shared<gradient_workspace<T>>();
  for (const kept_gradients keep : {kept_gradients::all, kept_gradients::leaves})
    s.steps.emplace_back([&w, out, one, workspace, keep] {
      if (!done(w.t.backward_dense_into(*workspace, out, one, keep))) {
        for (node_id id = 0; id < w.t.size(); ++id)
          if (workspace->reached(id)) throw std::runtime_error("leaves a gradient of a pass that failed");
        return false;
      }
      return w.look(*workspace->at(0));
    });
  // Forms that take gradients: what they are given is copied while there is memory.
  const gradient_array<T> all = [&] {
    gradient_array<T> zeros;
    for (node_id id = 0; id < w.t.size(); ++id) zeros.push_back(tensor<T>::zeros(w.t.shape_of(id)));
    zeros[six] = of_six;
    return zeros;
  }();
  const auto with = [&](const auto& f) {
    s.steps.emplace_back([&w, f, all] {
      gradient_array<T> given;
      try {
        given = all;
      } catch (const std::bad_alloc&) {
        return false;
      }
      return w.take(f(w.t, std::move(given)));
    });
  };
  with([](const T_& t, gradient_array<T> g) { return t.backward_dense_from(std::move(g)); });
  with([](const T_& t, gradient_array<T> g) { return t.backward_dense_from_loop(7, std::move(g)); });
  with([=](const T_& t, gradient_array<T> g) { return t.backward_dense_from_step(std::move(g), six); });
  with([=](const T_& t, gradient_array<T> g) { return t.add_grad_all(std::move(g), {six, of_six}); });
  step([=](const T_& t) {
    return t.add_grad_dense({}, {six, of_six}).error().kind == error_kind::gradient_array_length
               ? result<contributions<T>>(contributions<T>{})
               : result<contributions<T>>(fail(error_kind::out_of_memory, ""));
  });
}

TEST(memory, every_reverse_pass) {
  expect_all_or_nothing([] { return on_a_tape<float>([](script& s, workbench<float>& w) { all_reverse_passes(s, w); }); });
}

TEST(memory, every_reverse_pass_of_exact_numbers) {
  expect_all_or_nothing(
      [] { return on_a_tape<prime_field>([](script& s, workbench<prime_field>& w) { all_reverse_passes(s, w); }); });
}

TEST(memory, a_pass_that_computes_the_loss_with_its_gradient) {
  expect_all_or_nothing([] {
    return on_a_tape<float>([](script& s, workbench<float>& w) {
      const tensor<float> scores = numbers<float>({8, 5}), one = tensor<float>::scalar(1);
      const index_tensor labels = index_tensor::from({8}, {0, 1, 2, 3, 4, 0, 1, 2});
      s.steps.emplace_back([&w, scores] { return w.add(w.t.leaf(scores)); });
      s.steps.emplace_back([&w, labels] { return w.add(w.t.apply(cross_entropy_labels_op{}, w.ids[0], labels)); });
      auto workspace = std::make_shared<gradient_workspace<float>>();
      s.steps.emplace_back([&w, one, workspace] {
        return done(w.t.backward_dense_into(*workspace, 1, one, kept_gradients::leaves)) && w.look(*workspace->at(0));
      });
    });
  });
}

TEST(memory, reading_a_tape) {
  expect_all_or_nothing([] {
    return on_a_tape<float>([](script& s, workbench<float>& w) {
      record_whole(w);
      const node_id six = w.ids[6];
      const shape dims{6, 4};
      s.steps.emplace_back([&w, six] { return w.take(w.t.value(six)); });
      s.steps.emplace_back([&w, six, dims] { return w.take(w.t.require_value(six, dims)); });
      s.steps.emplace_back([&w, six] {
        const auto found = w.t.get_value(six);
        return found && w.look(*found);
      });
      for (const std::size_t which : std::initializer_list<std::size_t>{0, 3, 5, 6, 7, 10})
        s.steps.emplace_back([&w, which] {
          const auto found = w.t.get_node(w.ids[which]);
          if (!found) return false;
          if (!found->backward) return w.look(found->value);
          try {
            return w.take(found->backward(found->value));
          } catch (const std::bad_alloc&) {  // of the node of the caller's own, whose function it is
            return false;
          }
        });
      s.steps.emplace_back([&w, six] {
        try {
          const tape<float> copy = w.t;
          return w.take(copy.value(six));
        } catch (const std::bad_alloc&) {  // copies may throw
          return false;
        }
      });
    });
  });
}

TEST(memory, the_message_of_another_error) {
  expect_all_or_nothing([] {
    return on_a_tape<float>([](script& s, workbench<float>& w) {
      record_whole(w);
      const auto step = [&](error_kind expected, const auto& f) {
        s.steps.emplace_back([&w, f, expected] { return refused(f(w.t), expected); });
      };
      using T_ = tape<float>;
      const tensor<float> wrong = numbers<float>({5, 5});
      const gradient_array<float> none;
      step(error_kind::invalid_node_id, [](T_& t) { return t.value(99); });
      step(error_kind::invalid_node_id, [](T_& t) { return t.require_value(99, {}); });
      step(error_kind::shape_mismatch, [](T_& t) { return t.require_value(0, {7}); });
      step(error_kind::upstream_shape_mismatch, [=](T_& t) { return t.require_grad(wrong, {7}); });
      step(error_kind::invalid_node_id, [=](T_& t) { return t.local_vjp(99, wrong); });
      step(error_kind::invalid_node_id, [](T_& t) { return t.apply(relu_op{}, node_id{99}); });
      step(error_kind::shape_mismatch, [](T_& t) { return t.apply(add_op{}, node_id{0}, node_id{1}); });
      step(error_kind::invalid_output_id, [=](T_& t) { return t.backward(99, wrong); });
      step(error_kind::seed_shape_mismatch, [=](T_& t) { return t.backward(3, wrong); });
      step(error_kind::seed_shape_mismatch, [](T_& t) { return t.backward_scalar(3); });
      step(error_kind::invalid_output_id, [=](T_& t) { return t.backward_dense(99, wrong); });
      step(error_kind::seed_shape_mismatch, [=](T_& t) { return t.backward_dense_all(3, wrong); });
      step(error_kind::gradient_array_length, [=](T_& t) { return t.backward_dense_from(none); });
      step(error_kind::gradient_array_length, [=](T_& t) { return t.backward_dense_from_step(none, 3); });
      step(error_kind::gradient_array_length, [=](T_& t) { return t.backward_dense_from_loop(3, none); });
      step(error_kind::gradient_array_length, [=](T_& t) { return t.add_grad_all(none, {3, numbers<float>({4, 4})}); });
      step(error_kind::parent_shape_mismatch, [=](T_& t) { return t.add_grad_dense({}, {3, wrong}); });
    });
  });
}

TEST(memory, a_builder) {
  expect_all_or_nothing([] {
    auto s = std::make_unique<script>();
    auto read = std::make_shared<digest>();
    const auto program = [x = numbers<float>({4, 4})](tape_builder<float>& b) {
      const auto v = b.leaf(x, "a name that is longer than a small string"), y = matmul(v, v);
      return sum(mul(map([](auto p, auto q) { return tanh(p) * q; }, y, v), y + 1.0F));
    };
    s->steps.emplace_back([=] {
      auto r = tape_builder<float>::exec({}, program);
      if (!done(r)) return false;
      const auto value = r->value(r->size() - 1);
      if (!done(value)) return false;
      *read << *value;
      return true;
    });
    s->steps.emplace_back([=] {
      auto r = tape_builder<float>::eval({}, [&](tape_builder<float>& b) {
        const auto y = program(b);
        return b.backward_scalar(y);
      });
      if (!done(r)) return false;
      *read << r->at(0);
      return true;
    });
    s->steps.emplace_back([=] {
      return refused(
          tape_builder<float>::exec({}, [&](tape_builder<float>& b) { return program(b) + b.leaf(numbers<float>({3})); }),
          error_kind::shape_mismatch);
    });
    s->state = [=] { return read->sum(); };
    s->outcome = s->state;
    return s;
  });
}

TEST(memory, a_recording_throws) {
  expect_all_or_nothing([] {
    auto s = std::make_unique<script>();
    auto read = std::make_shared<digest>();
    auto rec = std::make_shared<recording<float>>();
    s->throws = true;
    s->steps.emplace_back([=] {
      rec->clear();
      const auto x = rec->leaf(numbers<float>({4, 4})), y = softmax(matmul(x, x));
      const auto gradients = grad(sum(mul(y, x) * 2.0F), {x});
      *read << y.value() << gradients[0];
      return true;
    });
    s->steps.push_back(s->steps.front());
    s->steps.emplace_back([=] {  // tensors compute at once
      const tensor<float> x = numbers<float>({4, 4});
      *read << matmul(layer_norm(x, numbers<float>({4}), numbers<float>({4})), x);
      return true;
    });
    s->state = [=] { return read->sum(); };
    s->outcome = s->state;
    return s;
  });
}

}  // namespace
}  // namespace axiograd
