#pragma once
// Where the exact value and derivative of an elementwise operator lie, at every float.

#include "run.hpp"

namespace axiograd::conformance {

/// A number known up to `error`; infinite if it certainly lies beyond 2^129, NaN if it is no number (a pole).
struct enclosed {
  double value = 0, error = 0;
};

/// Numbers known up to errors, at neighbouring floats.
struct enclosed_row {
  std::vector<double> value, error;
};

/// Encloses the value (0) and derivative (1) of an elementwise operator of one input to 2^-14 of a float's last place.
///
/// Neighbouring floats share a Taylor polynomial about their middle, whose coefficients and remainder are balls of 128 bits
/// computed from the operator's own definition, and which is evaluated in double with its rounding charged (Makino & Berz
/// 1996). Blocks where that is too wide, or where a branch of the definition is not decided, are divided, at last into single
/// floats. A function with a period has such polynomials for cells of one period, and large arguments are reduced to it in two
/// doubles.
class enclosures {
 public:
  /// `c`: a call of one input; it must live as long.
  enclosures(const subject& s, const call& c);

  /// At the `n` floats with the bits `first`, `first` + 1, ...; `n` and `first` are multiples of 64, `n` divides 65536.
  void fill(std::uint32_t first, std::int64_t n, std::array<enclosed_row, 2>& out);
  /// At one number. An error that is infinite means that more than 2,000 bits would be needed.
  std::array<enclosed, 2> at(double x);

 private:
  static constexpr int degree = 7;
  struct model {
    std::array<double, degree + 1> c;
    double size;  ///< the sum of their magnitudes
    double error;
  };
  using models = std::array<model, 2>;
  static constexpr std::int64_t most = 65536, least = 64;

  bool enclose(std::uint32_t first, std::int64_t n, models& out);
  models expand(double middle, double step, double reach) const;
  void fill_by_period(std::uint32_t first, std::int64_t n, std::array<enclosed_row, 2>& out);
  static model model_of(const series& at_middle, const series& anywhere);
  static bool good(const model& m);
  static void put(std::size_t i, const std::array<enclosed, 2>& exact, std::array<enclosed_row, 2>& out);
  bool beyond_floats(double from, double to, models& out);
  void law(const series& x, series& y, series& slope) const { s_.law(c_.op(), &x, y, &slope); }

  const subject& s_;
  const call& c_;
  models wide_{};
  std::uint32_t wide_at_ = 1;  // no multiple of `most`
  bool wide_holds_ = false;
  std::int64_t size_ = 4096;       // of the next block to try
  int points_ = 0, patience_ = 0;  // blocks still to go through float by float before a polynomial is tried again

  /// A number in [0, period), known to about 2^-100.
  struct reduced {
    double high, low;
  };
  reduced in_period(double x) const;
  reduced period_{};
  std::vector<models> cells_;   // of one period
  std::vector<reduced> steps_;  // multiples of the distance between neighbours, reduced
  double distance_ = 0;         // of which steps_ are the multiples
};

}  // namespace axiograd::conformance
