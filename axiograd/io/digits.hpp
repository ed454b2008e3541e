#pragma once
// Handwritten digits, the data set in data/digits.

#include <axiograd/io/dataset.hpp>

namespace axiograd::io {

/// Images of handwritten digits: inputs (n, 1, 8, 8) in 0 .. 1, ink light on dark paper; labels 0 .. 9.
/// The file has a row for each image: 64 whole numbers 0 .. 16, row by row from the top left corner, and the digit; it may be
/// gzipped. Errors: those of read_file; invalid_file, naming row and column.
/// Source: Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository.
result<dataset> load_digits(const std::string& path);

}  // namespace axiograd::io
