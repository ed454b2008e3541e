// The program `axiograd`: parses the command line, runs one command, turns every problem into one line and exit code 2.

#include <axiograd/cli/command.hpp>
#include <axiograd/io/excerpt.hpp>
#include <axiograd/kernels/cpu/library_product.hpp>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace axiograd::cli {
namespace {

constexpr const char* closing = R"(Examples:
  axiograd train digits                                   train on handwritten digits, into digits-run/
  axiograd train digits --epochs 30 --resume              go on where the last training stopped
  axiograd eval digits-run/model.safetensors              accuracy on the held-out images
  axiograd predict digits-run/model.safetensors digit.png class of one image
  axiograd ops softmax                                    the schema of an operator
  axiograd check softmax                                  what is checked of it, with figures

Exit codes:
  0  done
  1  axiograd check found something
  2  anything else: wrong flags, a file that is missing, broken or cannot be written, an interruption (Ctrl-C);
     one line on standard error says what

Environment:
  AXIOGRAD_NUM_THREADS  threads to use; default: 1 for training, else all processors
  AXIOGRAD_ISA          the instruction set at most: baseline or avx2; default: the best there is
  AXIOGRAD_DATA         digits.csv.gz or the folder that holds it
)";

/// One printable line, whatever the text.
std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = c == '\n' || c == '\t' ? ' ' : '?';
  return text;
}

int report(const std::string& problem) {
  std::fflush(stdout);
  std::fprintf(stderr, "axiograd: %s\n", one_line(problem).c_str());
  return 2;
}

/// The library takes what it cannot read in these variables for absent; a person wants to hear of it.
void check_environment() {
  if (const char* const threads = std::getenv("AXIOGRAD_NUM_THREADS"); threads != nullptr) {
    const std::string_view text(threads);
    int n = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (problem != std::errc{} || end != text.data() + text.size() || n < 1)
      throw std::runtime_error("AXIOGRAD_NUM_THREADS is " + io::excerpt(text, 20) + ", expected a whole number from 1");
  }
  if (const char* const isa = std::getenv("AXIOGRAD_ISA"); isa != nullptr) {
    const std::string_view text(isa);
    if (text != "baseline" && text != "avx2" && text != "avx512")
      throw std::runtime_error("AXIOGRAD_ISA is " + io::excerpt(text, 20) + ", expected baseline, avx2 or avx512");
  }
}

/// What is wrong with the words; where a second command was wanted, the word that stands in its place.
std::string usage_problem(const CLI::App& app, const CLI::ParseError& problem) {
  const auto given = app.get_subcommands();
  const std::string command = given.empty() ? "" : " " + given.front()->get_name();
  const std::vector<std::string> rest = given.empty() ? std::vector<std::string>() : given.front()->remaining();
  const bool wrong_word = dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr && !rest.empty();
  const std::string text = wrong_word ? "'" + rest.front() + "' was not expected" : one_line(problem.what());
  return text + "; see axiograd" + command + " --help";
}

std::string version() {
  const std::string library = library_in_use();
  return std::string("axiograd ") + AXIOGRAD_VERSION +
         "\nlarge products and convolutions of floats: " + (library.empty() ? "own kernels, built without oneDNN" : library);
}

int run(int argc, char** argv) {
  CLI::App app("Axiograd: neural networks from operators that are written once.", "axiograd");
  app.set_version_flag("--version", version(), "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.footer(closing);
  app.get_formatter()->column_width(34);
  app.require_subcommand(0, 1);
  command chosen;
  add_train(app, chosen);
  add_eval(app, chosen);
  add_predict(app, chosen);
  add_ops(app, chosen);
  add_check(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& answer) {  // --help, --version
    return app.exit(answer);
  } catch (const CLI::ParseError& problem) {
    return report(usage_problem(app, problem));
  }
  if (!chosen) {
    say("{}", app.help());
    return 0;
  }
  check_environment();
  chosen();
  return 0;
}

int guarded(int argc, char** argv) try {
  std::signal(SIGXFSZ, SIG_IGN);  // writing past a limit fails like writing to a full disk
  const int code = run(argc, argv);
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return report("standard output cannot be written");
  return code;
} catch (const std::bad_alloc&) {
  std::fputs("axiograd: not enough memory\n", stderr);
  return 2;
} catch (const std::exception& problem) {
  return report(problem.what());
} catch (...) {
  return report("an unknown problem");
}

}  // namespace
}  // namespace axiograd::cli

int main(int argc, char** argv) { return axiograd::cli::guarded(argc, argv); }
