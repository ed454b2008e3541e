#pragma once
// Errors as values, and the one place where they become exceptions.

#include <axiograd/core/shape.hpp>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace axiograd {

/// A kind for programs, a message for people: "matmul: inner sizes differ: 3 and 4".
struct error {
  error_kind kind;
  std::string message;
  friend bool operator==(const error&, const error&) = default;
};

/// A value or an error; every fallible call below the edge returns one.
template <class T>
using result = tl::expected<T, error>;

/// The exception that front ends throw; `kind()` is the error's kind. Making one needs no memory: where its message finds none,
/// `what()` is the kind's name.
class failure : public std::runtime_error {
 public:
  explicit failure(const error& e) noexcept : std::runtime_error(with(e.message)), kind_(e.kind) {}
  error_kind kind() const { return kind_; }
  const char* what() const noexcept override {
    const char* const text = std::runtime_error::what();
    return *text != '\0' ? text : to_string(kind_);
  }

 private:
  static std::runtime_error with(const std::string& message) noexcept;
  error_kind kind_;
};

/// The value, or a `failure` thrown from the error.
template <class T>
T ok_or_throw(result<T> r) {
  if (!r) throw failure(std::move(r).error());
  if constexpr (!std::is_void_v<T>) return *std::move(r);
}

/// The error that the exception in flight stands for; to be called in a handler. A `failure` keeps its kind, std::bad_alloc is
/// out_of_memory, std::domain_error, by which exact numbers report a division by 0, domain_error. Whatever else the caller's
/// own functions threw gets the kind `otherwise` and the exception's text. Where a message finds no memory, the error is
/// out_of_memory, which needs none.
tl::unexpected<error> caught(std::string_view who, error_kind otherwise) noexcept;

/// The unexpected half of a `result`.
inline tl::unexpected<error> fail(error_kind kind, std::string message) {
  return tl::unexpected<error>(error{kind, std::move(message)});
}

/// A piece of a message: text, a whole number or a shape.
struct message_piece {
  std::string text;
  message_piece(const char* t) : text(t) {}
  message_piece(std::string_view t) : text(t) {}
  message_piece(std::string t) : text(std::move(t)) {}
  message_piece(char c) : text(1, c) {}
  message_piece(int n);
  message_piece(std::int64_t n);
  message_piece(std::uint64_t n);
  message_piece(const shape& s);
};
/// The pieces as one text: `message({"axis ", axis, " of shape ", s})`. Chains of + cost every program far more to compile.
std::string message(std::initializer_list<message_piece> pieces);

/// "(2,3)"; "()" for a scalar.
std::string to_string(const shape& s);
/// "(2,3) and (4)"
std::string to_string(std::span<const shape* const> shapes);
/// "NAME: text" of a failed shape rule; in the text, `{}` stands for the next number and `{shapes}` for all input shapes.
error to_error(std::string_view name, const shape_result& r, std::span<const shape* const> in = {});

}  // namespace axiograd
