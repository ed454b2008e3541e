#include <axiograd/cli/command.hpp>
#include <axiograd/core/result.hpp>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

namespace axiograd::cli {
namespace {

namespace fs = std::filesystem;
constexpr const char* file_name = "digits.csv.gz";

bool is_folder(const fs::path& path) {
  std::error_code unused;
  return fs::is_directory(path, unused);
}

}  // namespace

std::string find_digits(const std::string& given) {
  // What was asked for is taken or refused, never replaced.
  const auto chosen = [](const fs::path& path) { return (is_folder(path) ? path / file_name : path).string(); };
  if (!given.empty()) return chosen(given);
  if (const char* const named = std::getenv("AXIOGRAD_DATA"); named != nullptr && *named != '\0') return chosen(named);

  std::error_code problem;
  std::vector<fs::path> places;
  if (const fs::path program = fs::read_symlink("/proc/self/exe", problem); !problem)
    for (const fs::path& root : {program.parent_path().parent_path(), program.parent_path()})
      places.push_back(root / AXIOGRAD_DATA_FOLDER / file_name);
  std::string looked;
  for (const fs::path& place : places) {
    if (fs::exists(place, problem)) return place.string();
    looked.append(looked.empty() ? "" : ", ").append(place.string());
  }
  throw failure(
      {error_kind::io, "the digits data are not there; looked for " + looked + "; --data or AXIOGRAD_DATA can name the file"});
}

void add_data_flag(CLI::App& app, std::string& data) {
  app.add_option("--data", data, "The digits: digits.csv.gz or the folder that holds it")->type_name("FILE");
}

}  // namespace axiograd::cli
