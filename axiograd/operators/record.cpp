#include <array>
#include <axiograd/operators/record.hpp>
#include <axiograd/ops/ops.hpp>
#include <string_view>

namespace axiograd {

std::span<const op_record* const> all_records() {
  static const auto table = []<class... Ops>(type_list<Ops...>) {
    return std::array<const op_record*, sizeof...(Ops)>{&record_of<Ops>::get()...};
  }(all_ops{});
  return table;
}

const op_record* find_record(const char* name) {
  for (const op_record* record : all_records())
    if (std::string_view(record->info.name.s) == name) return record;
  return nullptr;
}

}  // namespace axiograd
