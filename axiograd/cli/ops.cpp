// axiograd ops [NAME]

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <axiograd/cli/command.hpp>
#include <axiograd/operators/attributes.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

namespace axiograd::cli {
namespace {

using json = nlohmann::ordered_json;

constexpr std::array headings{"name", "family", "scalars", "formula", "derivative", "accuracy", "PyTorch"};
using table_row = std::array<std::string, headings.size()>;

/// How far float results may be off; empty where nothing is stated.
std::string accuracy(const op_record& r) {
  const auto ulp = [](double n) { return n > 0 ? fmt::format("{} ulp", n) : std::string("exact"); };
  const bool stated = r.family.pointwise || r.family.linear || r.facts.max_ulp > 0;
  if (!stated) return "";
  if (r.facts.max_ulp == r.facts.derivative_max_ulp) return ulp(r.facts.max_ulp);
  return fmt::format("{}; derivative {}", ulp(r.facts.max_ulp), ulp(r.facts.derivative_max_ulp));
}

table_row row_of(const op_record& r) {
  return {r.info.name.s, r.family.name, r.scalars, r.info.formula.s, r.info.derivative.s, accuracy(r), r.info.torch.s};
}

const char* text_of(monotone m) {
  constexpr std::array names{"unknown", "increasing", "decreasing"};
  return names[static_cast<std::size_t>(m)];
}
const char* text_of(curvature c) {
  constexpr std::array names{"unknown", "convex", "concave"};
  return names[static_cast<std::size_t>(c)];
}

/// "mean or sum" for a choice, else the kind's name.
std::string kind_text(const attribute_record& a) {
  return a.kind == attribute_kind::choice ? fmt::format("{}", fmt::join(a.choices, " or ")) : to_string(a.kind);
}
std::string default_text(const op_record& r, const attribute_record& a) {
  return a.required ? "required" : "default " + to_text(get_attribute(a, r.defaults.data()));
}

json json_of(const op_record& r) {
  const json defaults = json::parse(attribute_set(r).to_json());
  json attributes = json::array(), inputs = json::array();
  for (const attribute_record& a : r.attributes) {
    json one{{"name", a.name}, {"kind", to_string(a.kind)}, {"required", a.required}};
    one["default"] = a.required ? json(nullptr) : defaults[a.name];
    if (a.kind == attribute_kind::extents) one["count"] = a.count;
    if (a.kind == attribute_kind::choice) one["choices"] = a.choices;
    one["meaning"] = a.meaning;
    attributes.push_back(std::move(one));
  }
  for (const input_record& i : r.inputs)
    inputs.push_back({{"name", i.name}, {"optional", i.optional}, {"index", i.index}, {"batch", i.batch}});
  return {{"name", r.info.name.s},
          {"family", r.family.name},
          {"folder", r.folder},
          {"scalars", r.scalars},
          {"doc", r.doc},
          {"formula", r.info.formula.s},
          {"derivative", r.info.derivative.s},
          {"edges", r.info.edges.s},
          {"source", r.info.source.s},
          {"torch", r.info.torch.s},
          {"accuracy", accuracy(r)},
          {"max_ulp", r.facts.max_ulp},
          {"derivative_max_ulp", r.facts.derivative_max_ulp},
          {"monotone", text_of(r.facts.order)},
          {"curvature", text_of(r.facts.bend)},
          {"inputs", inputs},
          {"attributes", attributes},
          {"test_points", r.test_points}};
}

/// A column may be cut where the terminal is narrow; 0 for a stream that is none.
std::size_t terminal_columns() {
  winsize size{};
  return ::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/// Texts are ASCII (a test holds the schemas to it), so bytes are columns.
std::string cut(const std::string& text, std::size_t width) {
  return text.size() <= width ? text : text.substr(0, width - 2) + "..";
}

void print_table(const std::vector<const op_record*>& records) {
  std::vector<table_row> rows;
  std::array<std::size_t, headings.size()> width{};
  for (std::size_t k = 0; k < headings.size(); ++k) width[k] = std::string_view(headings[k]).size();
  for (const op_record* r : records) {
    rows.push_back(row_of(*r));
    for (std::size_t k = 0; k < headings.size(); ++k) width[k] = std::max(width[k], rows.back()[k].size());
  }
  const std::size_t columns = terminal_columns();
  const auto total = [&] { return std::accumulate(width.begin(), width.end(), 2 * (headings.size() - 1)); };
  bool narrow = false;
  while (columns > 0 && total() > columns) {  // the widest text gives way
    const auto widest = std::max_element(width.begin() + 3, width.end());
    if (*widest <= 10) break;
    --*widest;
    narrow = true;
  }
  const auto print = [&](const auto& cells) {
    std::string line;
    for (std::size_t k = 0; k < headings.size(); ++k) line += fmt::format("{:<{}}  ", cut(cells[k], width[k]), width[k]);
    line.erase(line.find_last_not_of(' ') + 1);
    say("{}\n", line);
  };
  table_row head;
  std::copy(headings.begin(), headings.end(), head.begin());
  print(head);
  for (const table_row& row : rows) print(row);
  say("\n{} operators{}\n", rows.size(), narrow ? "; `axiograd ops NAME` shows one as a whole" : "");
}

/// The comment before an operator as Markdown: each sentence on shapes, attributes, errors starts a line.
std::string prose(std::string text) {
  for (const char* word : {"Shapes:", "Attributes:", "Errors:"}) {
    const std::size_t at = text.find(word);
    if (at == std::string::npos || at < 2 || text[at - 2] == '\n') continue;
    text.replace(at - 1, 1, "  \n");  // a line break in Markdown
  }
  for (std::size_t at = 0; (at = text.find_first_of("*_<|", at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
  return text;
}

void print_markdown(const std::vector<const op_record*>& records) {
  const auto cell = [](std::string text) {
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
    return text;
  };
  std::string head, rule;
  for (const char* heading : headings) {
    head += fmt::format("| {} ", heading);
    rule += "|---";
  }
  say("{}|\n{}|\n", head, rule);
  for (const op_record* r : records) {
    table_row row = row_of(*r);
    row[0] = fmt::format("`{}`", row[0]);
    std::string line;
    for (const std::string& text : row) line += fmt::format("| {} ", cell(text));
    say("{}|\n", line);
  }
  for (const op_record* r : records) {
    say("\n## {}\n\n{}\n", r->info.name.s, prose(r->doc));
    for (const attribute_record& a : r->attributes)
      say("- attribute `{}` ({}): {}; {}\n", a.name, kind_text(a), a.meaning, default_text(*r, a));
    say("- formula: {}\n- derivative: {}\n- edges: {}\n", r->info.formula.s, r->info.derivative.s, r->info.edges.s);
    if (const std::string bound = accuracy(*r); !bound.empty()) say("- accuracy: {}\n", bound);
    say("- PyTorch: {}\n- source: {}\n", r->info.torch.s, r->info.source.s);
  }
}

void print_schema(const op_record& r) {
  say("{}\n", r.doc);
  const auto line = [](const char* what, const std::string& text) {
    if (!text.empty()) say("  {:<11} {}\n", what, text);
  };
  line("formula", r.info.formula.s);
  line("derivative", r.info.derivative.s);
  line("edges", r.info.edges.s);
  line("family", fmt::format("{} ({})", r.family.name, r.folder));
  line("scalars", r.scalars);
  std::string inputs;
  for (const input_record& i : r.inputs)
    inputs += fmt::format("{}{}{}", inputs.empty() ? "" : ", ", i.name,
                          i.optional ? " (optional)"
                          : i.index  ? " (whole numbers)"
                                     : "");
  line("inputs", inputs);
  line("accuracy", accuracy(r));
  if (r.facts.order != monotone::unknown) line("order", text_of(r.facts.order));
  if (r.facts.bend != curvature::unknown) line("curvature", text_of(r.facts.bend));
  line("source", r.info.source.s);
  line("PyTorch", r.info.torch.s);
  if (r.attributes.empty()) return;
  say("\n  attributes\n");
  for (const attribute_record& a : r.attributes)
    say("    {:<10} {:<8} {} ({})\n", a.name, kind_text(a), a.meaning, default_text(r, a));
}

struct ops_flags {
  std::string name;
  bool as_json = false, markdown = false, inventory = false;
};

void list_operators(const ops_flags& f) {
  if (f.inventory) return print_inventory();
  std::vector<const op_record*> records(all_records().begin(), all_records().end());
  if (!f.name.empty()) {
    const op_record* const one = find_record(f.name.c_str());
    if (one == nullptr) throw std::runtime_error(fmt::format("there is no operator '{}'; `axiograd ops` lists them", f.name));
    records = {one};
  }
  if (f.as_json) {
    json all = json::array();
    for (const op_record* r : records) all.push_back(json_of(*r));
    say("{}\n", (f.name.empty() ? all : all[0]).dump(2, ' ', true, json::error_handler_t::replace));
  } else if (f.markdown) {
    print_markdown(records);
  } else if (!f.name.empty()) {
    print_schema(*records.front());
  } else {
    print_table(records);
  }
}

}  // namespace

void add_ops(CLI::App& app, command& chosen) {
  CLI::App* const ops = app.add_subcommand("ops", "The operators of the library");
  const auto f = std::make_shared<ops_flags>();
  ops->add_option("NAME", f->name, "One operator, with its whole schema")->type_name("NAME");
  CLI::Option* const as_json = ops->add_flag("--json", f->as_json, "Print everything, for programs");
  ops->add_flag("--markdown", f->markdown, "Print the table of docs/ops.md")->excludes(as_json);
  ops->add_flag("--inventory", f->inventory, "Print every name that can be called and its layer")->excludes(as_json);
  ops->callback([f, &chosen] { chosen = [f] { list_operators(*f); }; });
}

}  // namespace axiograd::cli
