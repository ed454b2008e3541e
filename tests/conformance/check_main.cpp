// The program behind `axiograd check`: the table of operators and rungs with figures.

#include <CLI/CLI.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <flint/flint.h>

#include "exhaustive.hpp"

namespace axiograd::conformance {
namespace {

struct finding {
  const check* of;
  outcome o;
  double seconds;
};
using findings = std::vector<finding>;

/// The rungs of the table; rung 9, mutants of the texts, is a run of its own (`./dev mutants`).
struct named_rung {
  int number;
  const char* name;
};
constexpr named_rung rungs[]{{0, "schema"},   {1, "anchors"}, {2, "adjoint"},   {3, "laws"}, {4, "float"},
                             {5, "integers"}, {6, "bounds"},  {7, "intervals"}, {8, "bits"}, {10, "memory"}};

findings climb(const subject& s, const settings& set) {
  findings all;
  for (const check& c : all_checks()) {
    const auto begin = std::chrono::steady_clock::now();
    outcome o;
    try {
      o = c.run(s, set);
    } catch (const std::exception& e) {
      o.fail(std::string("threw: ") + e.what());
    }
    all.push_back({&c, std::move(o), std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()});
  }
  return all;
}

/// "ok", "FAIL", or "-" where a rung has nothing to check for the operator; then the figures.
std::string cell(const findings& all, int rung) {
  std::string mark = "-", figures;
  for (const finding& f : all) {
    if (f.of->rung != rung) continue;
    if (f.o.red())
      mark = "FAIL";
    else if (mark == "-" && !f.o.figure.empty())
      mark = "ok";
    // The checks whose figure says most; the others are in --json.
    const std::string_view name = f.of->name;
    if (name == "exact_adjoint" || name == "derivative_laws" || name == "accuracy" || name == "integer_kernels" ||
        name == "a_priori_bounds" || name == "stability" || name == "containment" || name == "threads" ||
        name == "family_laws" || name == "torch_anchors" || name == "short_memory")
      if (!f.o.figure.empty() && (figures.empty() || name == "a_priori_bounds")) figures = f.o.figure;
  }
  return figures.empty() ? mark : mark + " " + figures;
}

bool red(const findings& all) {
  return std::any_of(all.begin(), all.end(), [](const finding& f) { return f.o.red(); });
}

void print_table(const std::vector<std::pair<const subject*, findings>>& rows, bool markdown) {
  std::vector<std::vector<std::string>> table{{"operator"}};
  for (const named_rung& r : rungs) table[0].push_back(std::to_string(r.number) + " " + r.name);
  for (const auto& [s, all] : rows) {
    auto& row = table.emplace_back();
    row.emplace_back(s->info.name.s);
    for (const named_rung& r : rungs) row.push_back(cell(all, r.number));
  }
  std::vector<std::size_t> width(table[0].size());
  for (const auto& row : table)
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  for (std::size_t r = 0; r < table.size(); ++r) {
    std::string line = markdown ? "|" : "";
    for (std::size_t i = 0; i < table[r].size(); ++i) {
      line += markdown ? " " : i > 0 ? "  " : "";
      line += table[r][i];
      if (markdown)
        line += " |";
      else if (i + 1 < table[r].size())
        line += std::string(width[i] - table[r][i].size(), ' ');
    }
    std::puts(line.c_str());
    if (!markdown || r > 0) continue;
    for (std::size_t i = 0; i < table[0].size(); ++i) std::fputs("|---", stdout);
    std::puts("|");
  }
}

nlohmann::json as_json(const std::vector<std::pair<const subject*, findings>>& rows, const settings& set) {
  nlohmann::json all{{"seed", set.seed}, {"scale", set.scale}, {"operators", nlohmann::json::array()}};
  int failed = 0;
  for (const auto& [s, list] : rows) {
    nlohmann::json checks = nlohmann::json::array();
    for (const finding& f : list)
      if (f.o.red() || !f.o.figure.empty())
        checks.push_back({{"rung", f.of->rung},
                          {"check", f.of->name},
                          {"ok", !f.o.red()},
                          {"figure", f.o.figure},
                          {"failures", f.o.failures},
                          {"seconds", f.seconds}});
    failed += red(list) ? 1 : 0;
    all["operators"].push_back({{"name", s->info.name.s}, {"ok", !red(list)}, {"checks", checks}});
  }
  all["failed"] = failed;
  return all;
}

// ---- all floats

/// Where a run over all floats stands, in a small JSON file that is replaced as a whole.
class progress_file {
 public:
  explicit progress_file(std::string path) : path_(std::move(path)) {
    std::ifstream in(path_);
    if (in) state_ = nlohmann::json::parse(in, nullptr, false);
    if (!state_.is_object()) state_ = nlohmann::json::object();
  }
  nlohmann::json& of(const std::string& name) { return state_[name]; }
  void save() const {
    const std::string temporary = path_ + ".tmp";
    {
      std::ofstream out(temporary, std::ios::trunc);
      out << state_.dump(1) << '\n';
      if (!out.flush()) throw std::runtime_error(temporary + " cannot be written");
    }
    std::filesystem::rename(temporary, path_);
  }

 private:
  std::string path_;
  nlohmann::json state_;
};

std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  return "an unknown processor";
}
std::string today() {
  const std::time_t now = std::time(nullptr);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", std::gmtime(&now));
  return text;
}

/// Adds what one part of the floats gave to the state of an operator.
void add(nlohmann::json& at, const exhaustive_result& r) {
  at["inputs"] = at["inputs"].get<std::uint64_t>() + r.inputs;
  at["poles"] = at["poles"].get<std::uint64_t>() + r.poles;
  for (const auto& [name, error] : {std::pair{"value", &r.value}, {"derivative", &r.derivative}}) {
    largest_error all = *error;
    all.merge({at[name]["anywhere"], at[name]["above_floor"], at[name]["at"], at[name]["saved_by_floor"]});
    at[name] = {
        {"anywhere", all.anywhere}, {"above_floor", all.above_floor}, {"at", all.at}, {"saved_by_floor", all.saved_by_floor}};
  }
  for (const std::string& text : r.found.failures)
    if (at["failures"].size() < 5) at["failures"].push_back(text);
}

/// One kernel's figures: the largest error beyond the floor of the declared, and without a floor.
std::string figures(const nlohmann::json& e, double declared, bool markdown) {
  char text[80];
  std::snprintf(text, sizeof text, markdown ? "%.2f of %g | %.3g" : "%.2f of %g ulp (%.3g without a floor)",
                e["above_floor"].get<double>(), declared, e["anywhere"].get<double>());
  return text;
}

bool run_exhaustive(const std::vector<const subject*>& subjects, const std::string& state, std::uint64_t stride,
                    bool markdown) {
  constexpr std::uint64_t all = std::uint64_t{1} << 32;
  const std::uint64_t part = std::min(all, (std::uint64_t{1} << 24) * stride);
  progress_file progress(state);
  bool good = true;
  const bool terminal = isatty(fileno(stderr)) != 0;
  if (markdown)
    std::puts(
        "# All 2^32 floats\n\n"
        "Generated by `axiograd check --exhaustive --markdown`: the float kernels of every elementwise operator of one input "
        "and of\n"
        "its derivative, compared at every finite float of the domain with an enclosure of the exact result: a Taylor "
        "polynomial with\n"
        "a remainder in 128-bit balls for a block of neighbours, balls of up to 2,000 bits for single floats; none is wider "
        "than 2^-13 of\n"
        "a unit in the last place (ulp). The largest error in ulp, the enclosure's width included, among those above the floor "
        "beside\n"
        "zeros (2^-24 of the steepest slope), of what is declared; and the largest without a floor.\n\n"
        "| operator | floats, poles among them | value, of declared | without floor | derivative, of declared | without floor "
        "| when, where |\n"
        "|---|---|---|---|---|---|---|");
  for (const subject* s : subjects) {
    if (!can_be_exhausted(*s)) continue;
    nlohmann::json& at = progress.of(s->info.name.s);
    if (!at.is_object() || at.value("stride", std::uint64_t{0}) != stride) {
      const nlohmann::json none{{"anywhere", 0.0}, {"above_floor", 0.0}, {"at", 0}, {"saved_by_floor", 0}};
      at = {{"next", 0},     {"stride", stride},   {"inputs", 0},    {"poles", 0},
            {"value", none}, {"derivative", none}, {"seconds", 0.0}, {"failures", nlohmann::json::array()}};
    }
    for (std::uint64_t first = at["next"]; first < all; first += part) {
      const auto begin = std::chrono::steady_clock::now();
      add(at, exhaust(*s, first, part, stride));
      at["next"] = first + part;
      at["seconds"] =
          at["seconds"].get<double>() + std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      at["date"] = today();
      at["processor"] = processor();
      progress.save();
      if (terminal)
        std::fprintf(stderr, "\r%-20s %5.1f %%", s->info.name.s,
                     100.0 * static_cast<double>(first + part) / static_cast<double>(all));
    }
    if (terminal) std::fprintf(stderr, "\r%40s\r", "");
    const bool fine = at["failures"].empty();
    good = good && fine;
    const std::string value = figures(at["value"], s->facts.max_ulp, markdown),
                      derivative = figures(at["derivative"], s->facts.derivative_max_ulp, markdown);
    if (markdown)
      std::printf("| %s | %" PRIu64 ", %" PRIu64 " | %s | %s | %s, %.0f s, %s |\n", s->info.name.s,
                  at["inputs"].get<std::uint64_t>(), at["poles"].get<std::uint64_t>(), value.c_str(), derivative.c_str(),
                  at["date"].get<std::string>().c_str(), at["seconds"].get<double>(),
                  at["processor"].get<std::string>().c_str());
    else
      std::printf("%-16s %-4s %10" PRIu64 " floats  value %s  derivative %s  %.0f s\n", s->info.name.s, fine ? "ok" : "FAIL",
                  at["inputs"].get<std::uint64_t>(), value.c_str(), derivative.c_str(), at["seconds"].get<double>());
    for (const auto& text : at["failures"]) std::printf("  %s\n", text.get<std::string>().c_str());
    std::fflush(stdout);
  }
  return good;
}

int run(int argc, char** argv) {
  CLI::App app("Climbs the conformance ladder with every operator, or those named.", "axiograd check");
  std::vector<std::string> names;
  bool json = false, markdown = false, exhaustive = false;
  std::string state = "axiograd-check-exhaustive.json";
  std::uint64_t stride = 1;
  settings set = settings::from_environment();
  app.add_option("operator", names, "Names of operators; all if absent");
  app.add_flag("--json", json, "Every check with its figure, as JSON");
  app.add_flag("--markdown", markdown, "The table as Markdown");
  app.add_flag("--exhaustive", exhaustive, "All 2^32 floats through each elementwise kernel of one input and its derivative");
  app.add_option("--state", state, "Where --exhaustive keeps its progress, to go on after an interruption")
      ->capture_default_str();
  app.add_option("--stride", stride, "With --exhaustive: one block of 4,096 floats out of so many")->check(CLI::Range(1, 4096));
  app.add_option("--seed", set.seed, "Seed of the random cases")->capture_default_str();
  app.add_option("--scale", set.scale, "So many times as many random cases")->check(CLI::Range(1, 1000));
  app.footer(
      "Rungs: 0 schema, 1 anchors, 2 exact adjoint, 3 derivative laws, 4 float accuracy, 5 integer-exact kernels,\n"
      "6 bounds on roundings, 7 interval containment, 8 same bits, 10 failing allocations. \"-\": nothing to check for this "
      "operator.\n"
      "Exit codes: 0 every rung holds, 1 one fails, 2 anything else.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& answer) {
    return app.exit(answer);
  } catch (const CLI::ParseError& problem) {
    std::fprintf(stderr, "axiograd: %s; see axiograd check --help\n", problem.what());
    return 2;
  }
  std::vector<const subject*> chosen;
  for (const std::string& name : names) {
    const auto all = all_subjects();
    const auto found = std::find_if(all.begin(), all.end(), [&](const subject* s) { return name == s->info.name.s; });
    if (found == all.end()) {
      std::fprintf(stderr, "axiograd: no operator '%s'; see axiograd ops\n", name.c_str());
      return 2;
    }
    chosen.push_back(*found);
  }
  if (names.empty()) chosen.assign(all_subjects().begin(), all_subjects().end());
  if (exhaustive) return run_exhaustive(chosen, state, stride, markdown) ? 0 : 1;
  set_num_threads(1);

  std::vector<std::pair<const subject*, findings>> rows;
  for (const subject* s : chosen) rows.emplace_back(s, climb(*s, set));
  bool failed = false;
  for (const auto& [s, all] : rows) failed = failed || red(all);
  if (json) {
    std::puts(as_json(rows, set).dump(1).c_str());
  } else {
    print_table(rows, markdown);
    for (const auto& [s, all] : rows)
      for (const finding& f : all)
        for (const std::string& text : f.o.failures)
          std::printf("%s, rung %d, %s: %s\n", s->info.name.s, f.of->rung, f.of->name, text.c_str());
    if (failed) std::printf("repeat with --seed %" PRIu64 "\n", set.seed);
  }
  if (std::fflush(stdout) != 0) {
    std::fprintf(stderr, "axiograd: standard output cannot be written\n");
    return 2;
  }
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace axiograd::conformance

int main(int argc, char** argv) try {
  const int code = axiograd::conformance::run(argc, argv);
  flint_cleanup();
  return code;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "axiograd: %s\n", problem.what());
  return 2;
}
