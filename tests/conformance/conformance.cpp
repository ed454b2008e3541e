// The conformance ladder over the list of operators. `axiograd check` prints the table of operators and rungs.

#include <axiograd/kernels/parallel.hpp>
#include <bit>
#include <string_view>

#include <cmath>
#include <gtest/gtest.h>

#include "check.hpp"
#include "enclosure.hpp"
#include "exhaustive.hpp"
#include "faults.hpp"
#include "programs.hpp"

namespace axiograd::conformance {

namespace {

class case_of_check : public testing::Test {
 public:
  case_of_check(const check& c, const subject& s) : check_(c), subject_(s) {}
  void TestBody() override {
    const settings set = settings::from_environment();
    outcome o;
    try {
      o = check_.run(subject_, set);
    } catch (const std::exception& e) {
      o.fail(std::string("threw: ") + e.what());
    }
    for (const std::string& failure : o.failures) ADD_FAILURE() << subject_.info.name.s << ": " << failure;
    if (o.red()) ADD_FAILURE() << "repeat with AXIOGRAD_TEST_SEED=" << set.seed;
  }

 private:
  const check& check_;
  const subject& subject_;
};

/// A check of the checks: each planted fault must turn its check red.
class planted_fault : public testing::Test {
 public:
  explicit planted_fault(const fault& f) : fault_(f) {}
  void TestBody() override {
    for (const check& c : all_checks()) {
      if (std::string_view(c.name) != fault_.caught_by) continue;
      EXPECT_TRUE(c.run(fault_.planted, settings::from_environment()).red()) << fault_.what << ": " << c.name << " stays green";
      return;
    }
    ADD_FAILURE() << "there is no check " << fault_.caught_by;
  }

 private:
  const fault& fault_;
};

const std::vector<fault>& all_faults() {
  static const std::vector<fault> list = [] {
    std::vector<fault> all;
    for (auto make : {&elementwise_faults, &higher_order_faults, &rowwise_faults, &sample_faults, &kernel_faults, &sum_faults})
      for (const fault& f : make()) all.push_back(f);
    return all;
  }();
  return list;
}
void register_faults() {
  for (const fault& f : all_faults())
    testing::RegisterTest("planted_faults", f.what, nullptr, nullptr, __FILE__, __LINE__,
                          [&f]() -> testing::Test* { return new planted_fault(f); });
}

// ---- random programs

/// All operators, one of them with a planted fault.
std::vector<const subject*> with_fault(std::string_view what) {
  const auto& faults = all_faults();
  const auto planted = std::find_if(faults.begin(), faults.end(), [&](const fault& f) { return f.what == what; });
  if (planted == faults.end()) throw std::out_of_range(std::string(what));
  std::vector<const subject*> list(all_subjects().begin(), all_subjects().end());
  for (const subject*& s : list)
    if (std::string_view(s->info.name.s) == planted->planted.info.name.s) s = &planted->planted;
  return list;
}

TEST(programs, reverse_mode_is_the_adjoint_of_forward_mode) {
  const settings set = settings::from_environment();
  const outcome o = adjoint_programs(all_subjects(), set, 10'000 * set.scale);
  for (const std::string& failure : o.failures) ADD_FAILURE() << failure;
  std::puts(o.figure.c_str());
}
TEST(programs, see_a_wrong_vjp) {
  const settings set = settings::from_environment();
  for (const char* what :
       {"mul: the partial derivatives are swapped", "avg_pool2d: the VJP gives the whole cotangent to each entry",
        "conv2d: the VJP takes the kernel flipped"})
    EXPECT_TRUE(adjoint_programs(with_fault(what), set, 2000).red()) << what;
}
TEST(programs, have_the_same_bits_on_any_threads_and_vectors) {
  const settings set = settings::from_environment();
  const outcome o = same_bits_programs(all_subjects(), set, 300 * set.scale);
  for (const std::string& failure : o.failures) ADD_FAILURE() << failure;
  std::puts(o.figure.c_str());
}
TEST(programs, see_bits_that_differ) {
  const settings set = settings::from_environment();
  for (const char* what : {"sum: depends on the number of threads", "exp: AVX-512 differs in the last bit"})
    EXPECT_TRUE(same_bits_programs(with_fault(what), set, 300).red()) << what;
}

// ---- all floats, of which every run takes some

/// One block of 4,096 floats of each 16 million: other ones for each seed.
outcome some_floats(const subject& s, const settings& set) {
  constexpr std::uint64_t stride = 4096, group = stride * floats_in_block;
  const std::uint64_t first = mix(set.seed) % stride * floats_in_block;
  return exhaust(s, first, (std::uint64_t{1} << 32) - group + 1, stride).found;
}
TEST(floats, have_errors_within_the_declared_bounds) {
  const settings set = settings::from_environment();
  for (const subject* s : all_subjects()) {
    if (!can_be_exhausted(*s)) continue;
    for (const std::string& failure : some_floats(*s, set).failures)
      ADD_FAILURE() << s->info.name.s << ": " << failure << ", seed " << set.seed;
  }
}
TEST(floats, see_errors_beyond_the_declared_bounds) {
  for (const fault& f : all_faults()) {
    const std::string_view what = f.what;
    if (what == "tanh: the derivative 1 - y^2 cancels" || what == "gelu: the declared precision is too good") {
      EXPECT_TRUE(some_floats(f.planted, settings::from_environment()).red()) << what;
    }
  }
}
/// The polynomials against balls of up to 2,000 bits, one float at a time.
TEST(floats, lie_in_their_enclosures) {
  const settings set = settings::from_environment();
  int checked = 0;
  for (const subject* s : all_subjects()) {
    if (!can_be_exhausted(*s)) continue;
    draw d = case_of(*s, set, "enclosures", 0);
    call c = s->draw_call(d);
    enclosures exact(*s, c);
    std::array<enclosed_row, 2> row;
    for (int number = 0; number < 40; ++number) {
      // Neighbouring blocks use what the ones before have learnt.
      const auto first = static_cast<std::uint32_t>(d.bits()) & 0xfffff000u;
      if (!std::isfinite(std::bit_cast<float>(first))) continue;
      exact.fill(first, 4096, row);
      for (int k = 0; k < 8; ++k) {
        const auto i = static_cast<std::uint32_t>(d.whole(0, 4095));
        const double x = static_cast<double>(std::bit_cast<float>(first + i));
        const auto point = exact.at(x);
        for (std::size_t which = 0; which < 2; ++which) {
          if (!std::isfinite(point[which].value)) continue;
          ++checked;
          EXPECT_LE(std::abs(row[which].value[i] - point[which].value), row[which].error[i] + point[which].error)
              << s->info.name.s << (which == 0 ? " at " : "' at ") << x << ", seed " << d.seed();
        }
      }
    }
  }
  EXPECT_GT(checked, 5000);
}

/// Functions composed of operators are compared with PyTorch by name.
class torch_function : public testing::Test {
 public:
  explicit torch_function(std::string name) : name_(std::move(name)) {}
  void TestBody() override {
    const outcome o = compare_with_torch(name_);
    EXPECT_FALSE(o.figure.empty()) << name_ << ": no case";
    for (const std::string& failure : o.failures) ADD_FAILURE() << name_ << ": " << failure;
  }

 private:
  std::string name_;
};

void register_tests() {
  for (const std::string& name : torch_names())
    testing::RegisterTest("torch", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [name]() -> testing::Test* { return new torch_function(name); });
  for (const check& c : all_checks())
    for (const subject* s : all_subjects())
      testing::RegisterTest(c.name, s->info.name.s, nullptr, nullptr, __FILE__, __LINE__,
                            [&c, s]() -> testing::Test* { return new case_of_check(c, *s); });
}

}  // namespace
}  // namespace axiograd::conformance

int main(int argc, char** argv) {
  using namespace axiograd::conformance;
  testing::InitGoogleTest(&argc, argv);
  axiograd::set_num_threads(1);
  register_tests();
  register_faults();
  const int status = RUN_ALL_TESTS();
  flint_cleanup();
  return status;
}
