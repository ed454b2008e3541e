// axiograd train digits

#include <unistd.h>

#include <axiograd/cli/command.hpp>
#include <axiograd/cli/interruption.hpp>
#include <axiograd/io/digits.hpp>
#include <axiograd/io/file.hpp>
#include <axiograd/io/folder.hpp>
#include <axiograd/kernels/cpu/isa.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/train/classifier.hpp>
#include <axiograd/train/digits.hpp>
#include <axiograd/train/report.hpp>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

namespace axiograd::cli {
namespace {

using training = train::classifier_training<train::digits_model>;

struct train_flags {
  train::classifier_options options;
  int threads = 1;  // a model this small gains little from a second one and suffers where processors are busy
  std::string data;
  std::string out = "digits-run";
  bool resume = false;
  bool quiet = false;
  CLI::Option *epochs = nullptr, *seed = nullptr, *batch = nullptr, *learning_rate = nullptr, *thread_count = nullptr;

  std::string file(const char* name) const { return (std::filesystem::path(out) / name).string(); }
};

/// CLI11 itself wraps numbers around that do not fit.
std::uint64_t whole_number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size())
    throw CLI::ValidationError("--seed", text + " is not a whole number below 2^64");
  return value;
}

void prepare_folder(const std::string& out) {
  std::error_code problem;
  std::filesystem::create_directories(out, problem);
  if (problem && !std::filesystem::is_directory(out))
    throw failure({error_kind::io, out + ": the folder cannot be made: " + problem.message()});
  if (!std::filesystem::is_directory(out)) throw failure({error_kind::io, out + ": not a folder"});
  if (::access(out.c_str(), W_OK | X_OK) != 0)
    throw failure({error_kind::io, out + ": the folder cannot be written: " + std::generic_category().message(errno)});
}

/// The folder, for this process alone; what killed ones left half written is gone.
io::folder_lock own_folder(const std::string& out) {
  prepare_folder(out);
  result<io::folder_lock> lock = io::folder_lock::take(out);
  if (!lock) throw failure({lock.error().kind, lock.error().message + "; two trainings cannot share a folder"});
  ok_or_throw(io::remove_orphans(out));
  return std::move(*lock);
}

/// What the flags say, and the checkpoint for what they leave open.
train::classifier_options options_of(const train_flags& f, const std::optional<train::checkpoint>& before) {
  if (!before) return f.options;
  train::classifier_options o = before->state.options;
  if (f.epochs->count() > 0) o.epochs = f.options.epochs;
  if (f.seed->count() > 0) o.start = f.options.start;
  if (f.batch->count() > 0) o.batch_size = f.options.batch_size;
  if (f.learning_rate->count() > 0) o.learning_rate = f.options.learning_rate;
  return o;
}

std::string compiler_name() {
#ifdef __clang__
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

int64_t parameter_count(const train::digits_model& model) {
  int64_t n = 0;
  for (const nn::named_parameter& p : model.parameters()) n += p.value.shape().size();
  return n;
}

std::vector<std::pair<std::string, std::string>> run_facts(const training& t, const train::digits_model& model,
                                                           int64_t train_images, const std::string& data) {
  const train::classifier_options& o = t.state().options;
  return {{"model", fmt::format("{}, {} parameters", train::digits_model_name, train::grouped(parameter_count(model)))},
          {"data", fmt::format("{}: {} images for training, {} held out for the test", data, train::grouped(train_images),
                               train::grouped(t.test_set().size()))},
          {"source of the data", "Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, UCI, CC BY 4.0"},
          {"seed", std::to_string(o.start.value)},
          {"epochs", std::to_string(t.epochs())},
          {"optimiser", fmt::format("AdamW, learning rate {} x {}^epoch, weight decay {}, batches of {}", o.learning_rate,
                                    o.decay, o.weight_decay, o.batch_size)},
          {"threads", std::to_string(num_threads())},
          {"instruction set", to_string(best_isa())},
          {"version", std::string("axiograd ").append(AXIOGRAD_VERSION).append(", built with ").append(compiler_name())}};
}

void save_model(const train_flags& f, const training& t, const train::digits_model& model, const train::score& s) {
  const train::classifier_options& o = t.state().options;
  io::save(f.file("model.safetensors"), model,
           train::model_facts(train::digits_model_name, {{"seed", std::to_string(o.start.value)},
                                                         {"epochs", std::to_string(t.epochs())},
                                                         {"test_accuracy", fmt::format("{:.4f}", s.accuracy())},
                                                         {"producer", std::string("axiograd ").append(AXIOGRAD_VERSION)}}));
}

[[noreturn]] void tell_interruption(const train_flags& f, const training& t) {
  const std::string kept = f.file("checkpoint.safetensors");
  throw std::runtime_error(
      t.epochs() == 0 ? fmt::format("interrupted in epoch 1; no epoch was complete, so nothing was saved")
                      : fmt::format("interrupted in epoch {}; {} holds the {} complete, --resume goes on", t.epochs() + 1, kept,
                                    t.epochs() == 1 ? "epoch that was" : fmt::format("{} epochs that were", t.epochs())));
}

void finish(const train_flags& f, const training& t, const train::digits_model& model, int64_t train_images,
            const std::string& data) {
  const train::score s = t.test_score();
  save_model(f, t, model, s);
  const std::string html = train::report_html({.title = "Handwritten digits, read by a network that Axiograd trained",
                                               .facts = run_facts(t, model, train_images, data),
                                               .history = t.state().history,
                                               .test = s,
                                               .test_set = t.test_set()});
  ok_or_throw(io::write_file_atomically(f.file("report.html"), std::as_bytes(std::span(html))));
  if (f.quiet) return;
  double seconds = 0;
  for (const train::epoch_record& e : t.state().history) seconds += e.seconds;
  say("\ntest accuracy {:.2f} % ({} of {}) after {} epochs, {}\n\n{}\n", 100 * s.accuracy(), s.correct(), s.samples(),
      t.epochs(), train::time_text(seconds), train::confusion_text(s, t.test_set().class_names));
  say("model      {}\ncheckpoint {}\nreport     {} (curves, confusion matrix and mistakes; opens in a browser)\n",
      f.file("model.safetensors"), f.file("checkpoint.safetensors"), f.file("report.html"));
}

void train_digits(const train_flags& f) {
  const interruption interrupted;  // first: every thread inherits its mask
  if (f.thread_count->count() > 0 || std::getenv("AXIOGRAD_NUM_THREADS") == nullptr) set_num_threads(f.threads);
  const std::string path = find_digits(f.data);
  io::train_and_test data = ok_or_throw(train::split_digits(ok_or_throw(io::load_digits(path))));
  // A folder that is not there holds nothing to go on from, and the reader says so.
  std::optional<io::folder_lock> lock;
  if (!f.resume || std::filesystem::is_directory(f.out)) lock.emplace(own_folder(f.out));
  std::optional<train::checkpoint> before;
  train::digits_model model = train::make_digits_model();
  constexpr std::uint64_t tensors_for_each = 3;  // the parameter and the optimiser's two means
  if (f.resume)
    before = train::read_checkpoint(f.file("checkpoint.safetensors"), train::digits_model_name,
                                    train::file_limits(model, tensors_for_each));

  const int64_t train_images = data.train.size();
  training t(model, train::digits_model_name, std::move(data.train), std::move(data.test), options_of(f, before));
  const bool set_aside = !before && ok_or_throw(io::set_aside(f.file("checkpoint.safetensors")));
  if (before) t.resume(*before);
  const train::classifier_options& o = t.state().options;
  if (!f.quiet) {
    say("digits: {} images for training, {} held out for the test\n", train::grouped(train_images),
        train::grouped(t.test_set().size()));
    say("model:  {} parameters, seed {}, {} thread{}, {}\n\n", train::grouped(parameter_count(model)), o.start.value,
        num_threads(), num_threads() == 1 ? "" : "s", to_string(best_isa()));
    if (before) say("{} of {} epochs are complete\n", t.epochs(), o.epochs);
    if (set_aside) say("the checkpoint of an earlier training is now {}\n", f.file("checkpoint.safetensors.old"));
    std::fflush(stdout);
  }

  train::progress_line line(STDERR_FILENO, !f.quiet);
  const bool complete = t.run({.batch = [&](const train::batch_record& now) { line.show(now); },
                               .epoch =
                                   [&](int64_t epoch, const train::epoch_record& e) {
                                     t.save(f.file("checkpoint.safetensors"));
                                     line.clear();
                                     if (f.quiet) return;
                                     say("epoch {:>{}}/{}  loss {:.4f}  training {:>7}  test {:>7}  {:.2f} s\n", epoch,
                                         std::to_string(o.epochs).size(), o.epochs, e.train_loss,
                                         train::percent(e.train_accuracy), train::percent(e.test_accuracy), e.seconds);
                                     std::fflush(stdout);
                                   },
                               .stop = &interrupted.requested()});
  line.clear();
  if (!complete) tell_interruption(f, t);
  finish(f, t, model, train_images, path);
}

}  // namespace

void add_train(CLI::App& app, command& chosen) {
  CLI::App* const train = app.add_subcommand("train", "Train a model");
  train->require_subcommand(1);
  CLI::App* const digits = train->add_subcommand("digits", "A small convolutional network on 8x8 images of handwritten digits");
  const auto flags = std::make_shared<train_flags>();
  train_flags& f = *flags;
  f.epochs = digits->add_option("--epochs", f.options.epochs, "Passes over the training images")
                 ->check(CLI::Range(1, 100'000))
                 ->capture_default_str();
  f.seed = digits
               ->add_option_function<std::string>(
                   "--seed", [&f](const std::string& text) { f.options.start.value = whole_number(text); },
                   "Of the initial values and the shuffling")
               ->type_name("UINT")
               ->default_str("0");
  f.batch = digits->add_option("--batch", f.options.batch_size, "Images in a step")
                ->check(CLI::Range(1, 100'000))
                ->capture_default_str();
  f.learning_rate = digits->add_option("--learning-rate", f.options.learning_rate, "In the first epoch; it falls from there")
                        ->capture_default_str();
  f.thread_count =
      digits->add_option("--threads", f.threads, "Threads to use, before AXIOGRAD_NUM_THREADS; the result is the same")
          ->check(CLI::Range(1, 1024))
          ->capture_default_str();
  add_data_flag(*digits, f.data);
  digits->add_option("--out", f.out, "Folder for model, checkpoint and report")->type_name("DIR")->capture_default_str();
  digits->add_flag("--resume", f.resume, "Go on from the checkpoint in that folder");
  digits->add_flag("--quiet", f.quiet, "Print problems only");
  digits->footer(
      "Writes DIR/checkpoint.safetensors after each epoch, DIR/model.safetensors and DIR/report.html at the end.\n"
      "A checkpoint that is there already, without --resume, becomes DIR/checkpoint.safetensors.old.\n"
      "A fifth of the images is held out for the test, always the same ones; no choice is made by looking at them.");
  digits->callback([flags, &chosen] { chosen = [flags] { train_digits(*flags); }; });
}

}  // namespace axiograd::cli
