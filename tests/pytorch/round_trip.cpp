// round_trip IN OUT: loads the weights of every case in IN, which layers.py wrote, and writes what our models save and compute.

#include <cstdio>
#include <filesystem>

#include "twins.hpp"

namespace {

using namespace axiograd;

void run(const std::string& from, const std::string& to) {
  const io::tensor_file given = ok_or_throw(io::read_tensors(from));
  const std::string scratch = to + ".case";
  io::tensor_file answers;
  const auto keep = [&](const std::string& start) {
    for (const auto& [name, stored] : ok_or_throw(io::read_tensors(scratch)).tensors)
      answers.tensors.emplace(start + name, stored);
  };
  for (const auto& model : twins::all()) {
    const io::tensor_file inputs = twins::part_of(given, model->name() + "/");
    model->init(seed{7});
    model->save(scratch);
    keep(model->name() + "/fresh/");
    answers.tensors.emplace(model->name() + "/fresh_output", model->run(inputs));
    ok_or_throw(io::write_tensors(scratch, twins::part_of(inputs, "state/")));
    model->load(scratch);
    answers.tensors.emplace(model->name() + "/output", model->run(inputs));
    model->save(scratch);
    keep(model->name() + "/state/");
  }
  std::filesystem::remove(scratch);
  ok_or_throw(io::write_tensors(to, answers));
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) {
    std::fputs("round_trip IN OUT\n", stderr);
    return 2;
  }
  try {
    run(words[1], words[2]);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "round_trip: %s\n", problem.what());
    return 1;
  }
}
