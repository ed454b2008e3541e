#pragma once
// Every operator, in alphabetical order. A new operator is one file plus its two lines here.

#include <axiograd/ops/activation/sigmoid.hpp>
#include <axiograd/ops/activation/softplus.hpp>
#include <axiograd/ops/arithmetic/abs.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/log1p.hpp>
#include <axiograd/ops/indexing/gather_rows.hpp>
#include <axiograd/ops/linalg/matmul.hpp>
#include <axiograd/ops/normalization/softmax.hpp>

namespace axiograd {

using all_ops = type_list<  //
    abs_op,                 //
    exp_op,                 //
    gather_rows_op,         //
    log1p_op,               //
    matmul_op,              //
    sigmoid_op,             //
    softmax_op,             //
    softplus_op>;

}  // namespace axiograd
