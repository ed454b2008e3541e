// The conformance ladder over the list of operators. `conformance --report` prints the table of operators and rungs.

#include <axiograd/kernels/parallel.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <string_view>

#include <gtest/gtest.h>

#include "check.hpp"
#include "faults.hpp"

namespace axiograd::conformance {

std::span<const check> all_checks() {
  static constexpr check list[]{{0, "card", &card},
                                {0, "shape_rule", &shape_rule},
                                {0, "declared_facts", &declared_facts},
                                {1, "family_laws", &family_laws},
                                {2, "exact_adjoint", &exact_adjoint},
                                {2, "special_points", &special_points},
                                {2, "gradients_add", &gradients_add},
                                {2, "leading_axes", &leading_axes},
                                {3, "derivative_laws", &derivative_laws},
                                {3, "kinks", &kinks},
                                {4, "accuracy", &accuracy},
                                {4, "special_values", &special_values},
                                {5, "integer_kernels", &integer_kernels},
                                {7, "containment", &containment},
                                {8, "instruction_sets", &instruction_sets},
                                {8, "threads", &threads}};
  return list;
}

namespace {

struct report {
  std::map<std::string, std::map<std::string, std::string>> figures;  ///< by operator, by check
  std::map<std::string, double> seconds;                              ///< by check
};
report& the_report() {
  static report r;
  return r;
}

class case_of_check : public testing::Test {
 public:
  case_of_check(const check& c, const subject& s) : check_(c), subject_(s) {}
  void TestBody() override {
    const settings set = settings::from_environment();
    const auto begin = std::chrono::steady_clock::now();
    outcome o;
    try {
      o = check_.run(subject_, set);
    } catch (const std::exception& e) {
      o.fail(std::string("threw: ") + e.what());
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    the_report().seconds[check_.name] += taken.count();
    the_report().figures[subject_.info.name.s][check_.name] = (o.red() ? "RED " : "") + o.figure;
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

void register_faults() {
  static const std::vector<fault> list = [] {
    std::vector<fault> all;
    for (auto make : {&elementwise_faults, &rowwise_faults, &sample_faults, &kernel_faults})
      for (const fault& f : make()) all.push_back(f);
    return all;
  }();
  for (const fault& f : list)
    testing::RegisterTest("planted_faults", f.what, nullptr, nullptr, __FILE__, __LINE__,
                          [&f]() -> testing::Test* { return new planted_fault(f); });
}

void register_tests() {
  for (const check& c : all_checks())
    for (const subject* s : all_subjects())
      testing::RegisterTest(c.name, s->info.name.s, nullptr, nullptr, __FILE__, __LINE__,
                            [&c, s]() -> testing::Test* { return new case_of_check(c, *s); });
}

void print_report() {
  for (const auto& [name, figures] : the_report().figures) {
    std::printf("%s\n", name.c_str());
    for (const check& c : all_checks())
      if (const auto found = figures.find(c.name); found != figures.end() && !found->second.empty())
        std::printf("  %d  %-17s %s\n", c.rung, c.name, found->second.c_str());
  }
  std::printf("seconds:");
  for (const auto& [name, seconds] : the_report().seconds) std::printf(" %s %.1f", name.c_str(), seconds);
  std::printf("\n");
}

}  // namespace
}  // namespace axiograd::conformance

int main(int argc, char** argv) {
  using namespace axiograd::conformance;
  testing::InitGoogleTest(&argc, argv);
  bool wants_report = std::getenv("AXIOGRAD_TEST_REPORT") != nullptr;
  for (int i = 1; i < argc; ++i) wants_report = wants_report || std::string_view(argv[i]) == "--report";
  axiograd::set_num_threads(1);
  register_tests();
  register_faults();
  const int status = RUN_ALL_TESTS();
  if (wants_report) print_report();
  flint_cleanup();
  return status;
}
