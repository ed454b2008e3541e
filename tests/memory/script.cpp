#include "script.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <axiograd/kernels/parallel.hpp>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "failing_memory.hpp"

namespace axiograd {
namespace {

/// What a child tells its parent.
struct report {
  bool struck;
  std::uint64_t outcome;
  char problem[200];
};

/// Does a step; false where it said that memory is short. Throws what is wrong.
bool attempt(const script& s, std::size_t step) {
  try {
    return s.steps[step]();
  } catch (const std::bad_alloc&) {
    if (!s.throws) throw std::runtime_error("threw std::bad_alloc");
  } catch (const failure& e) {
    if (!s.throws || e.kind() != error_kind::out_of_memory) throw std::runtime_error(std::string("threw ") + e.what());
  }
  return false;
}

void run(const script& s, std::int64_t n, shortage reach, report& told) {
  memory_chunk::trim_pool();  // so that chunks are asked of the heap
  failing_memory heap(n, reach);
  const auto at_ease = [&](const auto& f) {
    heap.pause();
    const auto answer = f();
    heap.go_on();
    return answer;
  };
  for (std::size_t step = 0; step < s.steps.size(); ++step) {
    const std::uint64_t before = at_ease(s.state);
    bool fine = false;
    std::string problem;
    try {
      fine = attempt(s, step);
    } catch (const std::exception& e) {
      heap.pause();
      problem = e.what();
    }
    if (fine) continue;
    heap.pause();  // there is memory again
    if (problem.empty() && !failing_memory::struck()) problem = "says that memory is short where it is not";
    if (problem.empty() && s.state() != before) problem = "failed and changed something";
    if (problem.empty() && !attempt(s, step)) problem = "fails again with memory";
    if (problem.empty()) continue;
    std::snprintf(told.problem, sizeof told.problem, "step %zu %s", step, problem.c_str());
    return;
  }
  heap.pause();
  told.struck = failing_memory::struck();
  told.outcome = s.outcome();
}

}  // namespace

void expect_all_or_nothing(const std::function<std::unique_ptr<script>()>& make, std::int64_t stride) {
  auto& told = *static_cast<report*>(mmap(nullptr, sizeof(report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  // A process of its own also shows what happens where nothing was done before: tables and caches that are made once.
  const auto in_a_process = [&](std::int64_t n, shortage reach) {
    told = {};
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      set_num_threads(1);
      try {
        run(*make(), n, reach, told);
      } catch (const std::exception& e) {
        std::snprintf(told.problem, sizeof told.problem, "outside the steps: %s", e.what());
      }
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) std::snprintf(told.problem, sizeof told.problem, "ended by %s", strsignal(WTERMSIG(status)));
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) std::strcpy(told.problem, "ended the program");
  };
  constexpr std::int64_t never = std::int64_t{1} << 40;
  in_a_process(never, shortage::one);
  ASSERT_STREQ(told.problem, "") << "with all the memory";
  const std::uint64_t expected = told.outcome;
  for (const shortage reach : {shortage::one, shortage::rest}) {
    std::int64_t n = 1;
    int red = 0;
    for (told.struck = true; told.struck && red < 5; n += stride) {
      in_a_process(n, reach);
      if (told.problem[0] == '\0' && told.outcome != expected) std::strcpy(told.problem, "gives another result");
      if (told.problem[0] == '\0') continue;
      ADD_FAILURE() << "allocation " << n << (reach == shortage::rest ? " and all later" : "") << ": " << told.problem;
      ++red;
      told.struck = true;
    }
    EXPECT_GT(n, 2 * stride) << "nothing failed: the heap is not that of the test";
    std::printf("%lld times%s\n", static_cast<long long>((n - 1) / stride - 1),
                reach == shortage::rest ? ", and all later" : "");
  }
  munmap(&told, sizeof(report));
}

}  // namespace axiograd
