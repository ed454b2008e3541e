// axiograd eval MODEL

#include <axiograd/cli/command.hpp>
#include <axiograd/io/digits.hpp>
#include <axiograd/train/classifier.hpp>
#include <axiograd/train/digits.hpp>
#include <memory>

namespace axiograd::cli {
namespace {

void evaluate_model(const std::string& path, const std::string& data_flag) {
  train::digits_model model = train::make_digits_model();
  train::load_model(path, model, train::digits_model_name);
  const std::string data = find_digits(data_flag);
  const io::dataset test = ok_or_throw(train::split_digits(ok_or_throw(io::load_digits(data)))).test;
  const train::score s = train::evaluate(model, test);
  say("test accuracy {:.2f} % ({} of {}), loss {:.4f}\n\n{}\n", 100 * s.accuracy(), s.correct(), s.samples(), s.loss,
      train::confusion_text(s, test.class_names));
  for (const train::mistake& m : s.mistakes)
    say("test image {:>3}: a {}, read as {} ({})\n", m.position, train::class_name(test.class_names, m.truth),
        train::class_name(test.class_names, m.predicted), train::percent(m.probability));
}

}  // namespace

void add_eval(CLI::App& app, command& chosen) {
  CLI::App* const eval = app.add_subcommand("eval", "Accuracy and confusion matrix of a model on the held-out images");
  struct flags {
    std::string model, data;
  };
  const auto f = std::make_shared<flags>();
  eval->add_option("MODEL", f->model, "A model file that `axiograd train digits` wrote")->required()->type_name("FILE");
  add_data_flag(*eval, f->data);
  eval->callback([f, &chosen] { chosen = [f] { evaluate_model(f->model, f->data); }; });
}

}  // namespace axiograd::cli
