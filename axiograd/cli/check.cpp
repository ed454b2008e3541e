// `axiograd check`: hands over to the program axiograd-check beside this one. The checks need exact arithmetic libraries and
// every operator on every number type, which the command itself does without.

#include <axiograd/cli/command.hpp>
#include <axiograd/io/excerpt.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <unistd.h>
#include <vector>

namespace axiograd::cli {

void add_check(CLI::App& app, command& chosen) {
  CLI::App* const check = app.add_subcommand("check", "Climb the conformance ladder with every operator, or those named");
  check->prefix_command();
  check->set_help_flag();  // its own help answers
  check->callback([check, &chosen] {
    chosen = [words = check->remaining()] {
      std::error_code problem;
      const auto here = std::filesystem::read_symlink("/proc/self/exe", problem);
      std::string program = (here.parent_path() / "axiograd-check").string();
      if (problem || !std::filesystem::exists(program))
        throw std::runtime_error("the checks are not built: " + program + " is missing; ./dev build builds it");
      std::vector<char*> arguments{program.data()};
      std::vector<std::string> copies = words;
      for (std::string& word : copies) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      ::execv(program.c_str(), arguments.data());
      throw std::runtime_error(program + " cannot be started: " + std::strerror(errno));
    };
  });
}

}  // namespace axiograd::cli
