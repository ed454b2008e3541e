#include <axiograd/core/guarded.hpp>
#include <new>

namespace axiograd {

void impl::more_than_max_rank() { throw failure({error_kind::rank_limit, message({"shape: more than ", max_rank, " axes"})}); }

std::runtime_error failure::with(const std::string& message) noexcept {
  try {
    return std::runtime_error(message);
  } catch (const std::bad_alloc&) {
    return std::runtime_error("");  // is not stored
  }
}

tl::unexpected<error> caught(std::string_view who, error_kind otherwise) noexcept {
  try {
    try {
      throw;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const failure& e) {
      return fail(e.kind(), e.what());
    } catch (const std::domain_error& e) {
      return fail(error_kind::domain_error, e.what());
    } catch (const std::exception& e) {
      return fail(otherwise, message({who, ": an exception was thrown: ", e.what()}));
    } catch (...) {
      return fail(otherwise, message({who, ": an exception was thrown that is no std::exception"}));
    }
  } catch (const std::bad_alloc&) {  // also of a message above
    return no_memory(who, "out of memory");
  }
}

tl::unexpected<error> no_memory(std::string_view who, std::string_view what) noexcept {
  try {
    return fail(error_kind::out_of_memory, message({who, ": ", what}));
  } catch (const std::bad_alloc&) {
    return tl::unexpected<error>(error{error_kind::out_of_memory, "out of memory"});  // lies in the string itself
  }
}

message_piece::message_piece(int n) : text(std::to_string(n)) {}
message_piece::message_piece(std::int64_t n) : text(std::to_string(n)) {}
message_piece::message_piece(std::uint64_t n) : text(std::to_string(n)) {}
message_piece::message_piece(const shape& s) : text(to_string(s)) {}

std::string message(std::initializer_list<message_piece> pieces) {
  std::string text;
  for (const message_piece& p : pieces) text += p.text;
  return text;
}

std::string to_string(const shape& s) {
  std::string text = "(";
  for (int axis = 0; axis < s.rank; ++axis) {
    if (axis > 0) text += ',';
    text += s[axis] == any ? "any" : std::to_string(s[axis]);
  }
  return text + ')';
}

error to_error(std::string_view name, const shape_result& r, std::span<const shape* const> in) {
  std::string text(name);
  text += ": ";
  std::size_t next = 0;
  for (std::string_view rest = r.text; !rest.empty();) {
    if (rest.starts_with("{}")) {
      text += std::to_string(r.numbers.at(next++));
      rest.remove_prefix(2);
    } else if (rest.starts_with("{shapes}")) {
      text += to_string(in);
      rest.remove_prefix(8);
    } else {
      text += rest.front();
      rest.remove_prefix(1);
    }
  }
  return {r.kind, std::move(text)};
}

std::string to_string(std::span<const shape* const> shapes) {
  std::string text;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    if (i > 0) text += i + 1 == shapes.size() ? " and " : ", ";
    text += shapes[i]->rank < 0 ? "none" : to_string(*shapes[i]);
  }
  return text;
}

}  // namespace axiograd
