#pragma once
// Where exceptions become errors, also when no memory is left to say what happened.

#include <axiograd/core/result.hpp>

namespace axiograd {

/// What `body` gives, a result; of an exception, what `caught` makes of it.
template <class F>
auto guarded(std::string_view who, error_kind otherwise, const F& body) -> decltype(body()) {
  try {
    return body();
  } catch (...) {
    return caught(who, otherwise);
  }
}

/// out_of_memory, "WHO: WHAT", or without these words where there is no memory for them either.
tl::unexpected<error> no_memory(std::string_view who, std::string_view what) noexcept;

}  // namespace axiograd
