#pragma once
// The name that somebody may have meant.

#include <string>
#include <string_view>
#include <vector>

namespace axiograd::io {

/// Of some names the one that the fewest insertions, removals and replacements of characters lead to (the first of several);
/// empty if all would change more than half of the longer name. Source: Levenshtein 1966.
std::string nearest(std::string_view name, const std::vector<std::string>& names);

}  // namespace axiograd::io
