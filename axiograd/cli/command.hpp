#pragma once
// What the commands of the program share. Each command adds itself and its flags; the one that was chosen runs afterwards.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>
#include <functional>
#include <string>

namespace axiograd::cli {

/// What the command line asked for. A problem is an exception, whose text becomes the one line on standard error.
using command = std::function<void()>;

void add_train(CLI::App& app, command& chosen);
void add_eval(CLI::App& app, command& chosen);
void add_predict(CLI::App& app, command& chosen);
void add_ops(CLI::App& app, command& chosen);
void add_check(CLI::App& app, command& chosen);
/// Every name of the contract that can be called here, with its layer.
void print_inventory();

/// The digits data: `given`, else $AXIOGRAD_DATA (the file or its folder), else the installed copy, else the build folder's.
/// Throws `failure` (io) that tells where it looked.
std::string find_digits(const std::string& given);
/// --data for a command that reads the digits.
void add_data_flag(CLI::App& app, std::string& data);

/// Prints on standard output.
template <class... Args>
void say(fmt::format_string<Args...> format, const Args&... args) {
  const std::string text = fmt::vformat(format, fmt::make_format_args(args...));
  std::fwrite(text.data(), 1, text.size(), stdout);  // main checks the stream in the end
}

}  // namespace axiograd::cli
