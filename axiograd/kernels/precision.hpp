#pragma once
// How exactly products of floats are computed: a policy that a thread chooses, the default gives nothing up.

namespace axiograd {

/// With S = sum |a| |b| over the k terms of an entry and u = 2^-24, the error of the entry is at most
enum class precision : unsigned char {
  fp32,               ///< k u S; the same bits for any number of threads on one instruction set
  reproducible_fp32,  ///< k u S; also the same bits for AVX2 and AVX-512 and whatever the batch: one fixed order of operations
  fp32_split6,  ///< (k + 16) u S; infinite operands may give NaN; operands in three bf16 parts, six products on matrix tiles
  fp32_split3,  ///< (2^-15 + k u) S; two parts, three products
  bf16,         ///< (2^-7 + k u) S; one product of operands rounded to bf16
};
const char* to_string(precision p);

/// The policy of this thread; of parallel work, that of the thread which started it.
precision current_precision();
/// What a policy means on this processor: fp32 in place of those that need matrix tiles (AMX) where there are none, which is
/// said once on stderr.
precision available(precision wanted);

/// Products of floats follow a policy while one lives; convolutions, attention and all layers are made of them. Doubles and
/// other numbers are not concerned.
class precision_scope {
 public:
  explicit precision_scope(precision p);
  ~precision_scope();
  precision_scope(const precision_scope&) = delete;
  precision_scope& operator=(const precision_scope&) = delete;

 private:
  precision before_;
};

}  // namespace axiograd
