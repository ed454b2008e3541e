#pragma once
// Every operator, in alphabetical order. A new operator is one file plus its two lines here.

#include <axiograd/ops/activation/elu.hpp>
#include <axiograd/ops/activation/gelu.hpp>
#include <axiograd/ops/activation/leaky_relu.hpp>
#include <axiograd/ops/activation/relu.hpp>
#include <axiograd/ops/activation/sigmoid.hpp>
#include <axiograd/ops/activation/silu.hpp>
#include <axiograd/ops/activation/softplus.hpp>
#include <axiograd/ops/activation/tanh.hpp>
#include <axiograd/ops/arithmetic/abs.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/clamp.hpp>
#include <axiograd/ops/arithmetic/div.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/expm1.hpp>
#include <axiograd/ops/arithmetic/log.hpp>
#include <axiograd/ops/arithmetic/log1p.hpp>
#include <axiograd/ops/arithmetic/maximum.hpp>
#include <axiograd/ops/arithmetic/minimum.hpp>
#include <axiograd/ops/arithmetic/mul.hpp>
#include <axiograd/ops/arithmetic/neg.hpp>
#include <axiograd/ops/arithmetic/reciprocal.hpp>
#include <axiograd/ops/arithmetic/scale.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>
#include <axiograd/ops/arithmetic/sub.hpp>
#include <axiograd/ops/arithmetic/where_greater.hpp>
#include <axiograd/ops/convolution/conv2d.hpp>
#include <axiograd/ops/indexing/concat_dim0.hpp>
#include <axiograd/ops/indexing/gather_rows.hpp>
#include <axiograd/ops/indexing/slice_dim0.hpp>
#include <axiograd/ops/linalg/bmm.hpp>
#include <axiograd/ops/linalg/linear.hpp>
#include <axiograd/ops/linalg/matmul.hpp>
#include <axiograd/ops/loss/cross_entropy_labels.hpp>
#include <axiograd/ops/loss/cross_entropy_logits.hpp>
#include <axiograd/ops/loss/mse_loss.hpp>
#include <axiograd/ops/normalization/layer_norm.hpp>
#include <axiograd/ops/normalization/log_softmax.hpp>
#include <axiograd/ops/normalization/softmax.hpp>
#include <axiograd/ops/pooling/avg_pool2d.hpp>
#include <axiograd/ops/pooling/max_pool2d.hpp>
#include <axiograd/ops/reduction/reduce_mean.hpp>
#include <axiograd/ops/reduction/reduce_sum.hpp>
#include <axiograd/ops/reduction/sum.hpp>
#include <axiograd/ops/shape/broadcast_to.hpp>
#include <axiograd/ops/shape/flatten.hpp>
#include <axiograd/ops/shape/permute.hpp>
#include <axiograd/ops/shape/reshape.hpp>
#include <axiograd/ops/shape/transpose2d.hpp>

namespace axiograd {

// clang-format off
using all_ops = type_list<
    abs_op,
    add_op,
    avg_pool2d_op,
    bmm_op,
    broadcast_to_op,
    clamp_op,
    concat_dim0_op,
    conv2d_op,
    cross_entropy_labels_op,
    cross_entropy_logits_op,
    div_op,
    elu_op,
    exp_op,
    expm1_op,
    flatten_op,
    gather_rows_op,
    gelu_op,
    layer_norm_op,
    leaky_relu_op,
    linear_op,
    log_op,
    log1p_op,
    log_softmax_op,
    matmul_op,
    max_pool2d_op,
    maximum_op,
    minimum_op,
    mse_loss_op,
    mul_op,
    neg_op,
    permute_op,
    reciprocal_op,
    reduce_mean_op,
    reduce_sum_op,
    relu_op,
    reshape_op,
    scale_op,
    sigmoid_op,
    silu_op,
    slice_dim0_op,
    softmax_op,
    softplus_op,
    sqrt_op,
    sub_op,
    sum_op,
    tanh_op,
    transpose2d_op,
    where_greater_op>;
// clang-format on

}  // namespace axiograd
