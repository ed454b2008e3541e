#include <algorithm>
#include <axiograd/functional/einsum.hpp>

namespace axiograd::impl {

einsum_terms::einsum_terms(std::string_view equation, const std::vector<shape>& shapes) {
  std::string text;
  for (const char c : equation)
    if (c != ' ') text += c;
  const std::size_t arrow = text.find("->");
  const std::string left = text.substr(0, arrow);
  std::size_t begin = 0;
  int widest = 0;
  for (std::size_t k = 0; error.empty() && k < shapes.size(); ++k) {
    const std::size_t end = std::min(left.find(',', begin), left.size());
    if (begin > left.size()) {
      fail("has fewer terms than tensors");
      return;
    }
    inputs.push_back(expanded(left.substr(begin, end - begin), shapes[k].rank, widest));
    if (error.empty() && static_cast<int>(inputs.back().size()) != shapes[k].rank)
      fail(message({"has ", inputs.back().size(), " subscripts for shape ", shapes[k]}));
    begin = end + 1;
  }
  if (error.empty() && begin <= left.size()) fail("has more terms than tensors");
  if (!error.empty()) return;
  if (arrow != std::string::npos) {
    output = expanded(text.substr(arrow + 2), -1, widest);
  } else {
    for (int i = widest; i-- > 0;) output += static_cast<char>('0' + i);
    for (char c = 'A'; c <= 'z'; ++c)
      if (occurrences(c) == 1) output += c;
  }
  for (std::size_t i = 0; error.empty() && i < output.size(); ++i) {
    if (occurrences(output[i]) == 0) fail(message({"has no input with the result's subscript ", output[i]}));
    if (output.find(output[i], i + 1) != std::string::npos) fail(message({"repeats the result's subscript ", output[i]}));
  }
}

std::ptrdiff_t einsum_terms::occurrences(char c) const {
  std::ptrdiff_t n = 0;
  for (const std::string& term : inputs) n += std::count(term.begin(), term.end(), c);
  return n;
}

std::string einsum_terms::expanded(const std::string& term, int rank, int& widest) {
  const std::size_t dots = term.find("...");
  std::string out;
  const int named = static_cast<int>(term.size()) - (dots == std::string::npos ? 0 : 3);
  int hidden = rank < 0 ? widest : rank - named;
  for (std::size_t i = 0; i < term.size(); ++i) {
    if (i == dots) {
      if (rank >= 0) widest = std::max(widest, hidden);
      for (; hidden > 0; --hidden) out += static_cast<char>('0' + hidden - 1);
      i += 2;
    } else if (const char c = term[i]; (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      out += c;
    } else {
      fail(message({"has the subscript '", c, "'"}));
      return out;
    }
  }
  return out;
}

}  // namespace axiograd::impl
