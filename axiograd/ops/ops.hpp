#pragma once
// Every operator, in alphabetical order. A new operator is one file plus its two lines here.

#include <axiograd/ops/activation/elu.hpp>
#include <axiograd/ops/activation/gelu.hpp>
#include <axiograd/ops/activation/gelu_erf.hpp>
#include <axiograd/ops/activation/hardswish.hpp>
#include <axiograd/ops/activation/leaky_relu.hpp>
#include <axiograd/ops/activation/mish.hpp>
#include <axiograd/ops/activation/relu.hpp>
#include <axiograd/ops/activation/safe_log.hpp>
#include <axiograd/ops/activation/selu.hpp>
#include <axiograd/ops/activation/sigmoid.hpp>
#include <axiograd/ops/activation/silu.hpp>
#include <axiograd/ops/activation/smooth_abs.hpp>
#include <axiograd/ops/activation/softplus.hpp>
#include <axiograd/ops/activation/tanh.hpp>
#include <axiograd/ops/arithmetic/abs.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/clamp.hpp>
#include <axiograd/ops/arithmetic/cos.hpp>
#include <axiograd/ops/arithmetic/cosh.hpp>
#include <axiograd/ops/arithmetic/div.hpp>
#include <axiograd/ops/arithmetic/eq.hpp>
#include <axiograd/ops/arithmetic/erf.hpp>
#include <axiograd/ops/arithmetic/erfc.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/expm1.hpp>
#include <axiograd/ops/arithmetic/ge.hpp>
#include <axiograd/ops/arithmetic/gt.hpp>
#include <axiograd/ops/arithmetic/log.hpp>
#include <axiograd/ops/arithmetic/log1p.hpp>
#include <axiograd/ops/arithmetic/log_shifted.hpp>
#include <axiograd/ops/arithmetic/maximum.hpp>
#include <axiograd/ops/arithmetic/minimum.hpp>
#include <axiograd/ops/arithmetic/mul.hpp>
#include <axiograd/ops/arithmetic/neg.hpp>
#include <axiograd/ops/arithmetic/pow.hpp>
#include <axiograd/ops/arithmetic/reciprocal.hpp>
#include <axiograd/ops/arithmetic/safe_div.hpp>
#include <axiograd/ops/arithmetic/safe_reciprocal.hpp>
#include <axiograd/ops/arithmetic/scale.hpp>
#include <axiograd/ops/arithmetic/sign.hpp>
#include <axiograd/ops/arithmetic/sin.hpp>
#include <axiograd/ops/arithmetic/sinh.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>
#include <axiograd/ops/arithmetic/square.hpp>
#include <axiograd/ops/arithmetic/sub.hpp>
#include <axiograd/ops/arithmetic/where.hpp>
#include <axiograd/ops/arithmetic/where_greater.hpp>
#include <axiograd/ops/attention/masked_multi_head_attention.hpp>
#include <axiograd/ops/attention/multi_head_attention.hpp>
#include <axiograd/ops/attention/rotary.hpp>
#include <axiograd/ops/attention/scaled_dot_product_attention.hpp>
#include <axiograd/ops/convolution/conv.hpp>
#include <axiograd/ops/convolution/conv2d.hpp>
#include <axiograd/ops/convolution/conv_transpose.hpp>
#include <axiograd/ops/convolution/conv_transpose2d.hpp>
#include <axiograd/ops/indexing/concat.hpp>
#include <axiograd/ops/indexing/concat_dim0.hpp>
#include <axiograd/ops/indexing/concat_vectors.hpp>
#include <axiograd/ops/indexing/diagonal.hpp>
#include <axiograd/ops/indexing/gather_row.hpp>
#include <axiograd/ops/indexing/gather_rows.hpp>
#include <axiograd/ops/indexing/gather_scalar.hpp>
#include <axiograd/ops/indexing/gather_scalar_nat.hpp>
#include <axiograd/ops/indexing/gather_vec.hpp>
#include <axiograd/ops/indexing/scatter_add_row.hpp>
#include <axiograd/ops/indexing/scatter_add_vec.hpp>
#include <axiograd/ops/indexing/slice.hpp>
#include <axiograd/ops/indexing/slice_dim0.hpp>
#include <axiograd/ops/linalg/bmm.hpp>
#include <axiograd/ops/linalg/linear.hpp>
#include <axiograd/ops/linalg/matmul.hpp>
#include <axiograd/ops/loss/bce_with_logits_loss.hpp>
#include <axiograd/ops/loss/binary_cross_entropy_loss.hpp>
#include <axiograd/ops/loss/cosine_similarity_loss.hpp>
#include <axiograd/ops/loss/cross_entropy_labels.hpp>
#include <axiograd/ops/loss/cross_entropy_logits.hpp>
#include <axiograd/ops/loss/cross_entropy_loss.hpp>
#include <axiograd/ops/loss/hinge_loss.hpp>
#include <axiograd/ops/loss/huber_loss.hpp>
#include <axiograd/ops/loss/log_cosh_loss.hpp>
#include <axiograd/ops/loss/mae_loss.hpp>
#include <axiograd/ops/loss/mse_loss.hpp>
#include <axiograd/ops/loss/poisson_loss.hpp>
#include <axiograd/ops/loss/smooth_l1_loss.hpp>
#include <axiograd/ops/normalization/batch_norm.hpp>
#include <axiograd/ops/normalization/batch_norm_channel_first.hpp>
#include <axiograd/ops/normalization/group_norm.hpp>
#include <axiograd/ops/normalization/layer_norm.hpp>
#include <axiograd/ops/normalization/log_softmax.hpp>
#include <axiograd/ops/normalization/rms_norm.hpp>
#include <axiograd/ops/normalization/softmax.hpp>
#include <axiograd/ops/pooling/adaptive_avg_pool.hpp>
#include <axiograd/ops/pooling/adaptive_max_pool.hpp>
#include <axiograd/ops/pooling/avg_pool.hpp>
#include <axiograd/ops/pooling/avg_pool2d.hpp>
#include <axiograd/ops/pooling/max_pool.hpp>
#include <axiograd/ops/pooling/max_pool2d.hpp>
#include <axiograd/ops/pooling/smooth_max_pool.hpp>
#include <axiograd/ops/pooling/smooth_max_pool2d.hpp>
#include <axiograd/ops/reduction/cumsum.hpp>
#include <axiograd/ops/reduction/logsumexp.hpp>
#include <axiograd/ops/reduction/reduce_max.hpp>
#include <axiograd/ops/reduction/reduce_mean.hpp>
#include <axiograd/ops/reduction/reduce_min.hpp>
#include <axiograd/ops/reduction/reduce_sum.hpp>
#include <axiograd/ops/reduction/sum.hpp>
#include <axiograd/ops/reduction/variance.hpp>
#include <axiograd/ops/shape/broadcast_to.hpp>
#include <axiograd/ops/shape/flatten.hpp>
#include <axiograd/ops/shape/permute.hpp>
#include <axiograd/ops/shape/reshape.hpp>
#include <axiograd/ops/shape/swap_adjacent_at_depth.hpp>
#include <axiograd/ops/shape/transpose2d.hpp>
#include <axiograd/ops/shape/transpose3d_first_to_last.hpp>
#include <axiograd/ops/shape/transpose3d_last_to_first.hpp>
#include <axiograd/ops/shape/transpose3d_last_two.hpp>

namespace axiograd {

// clang-format off
using all_ops = type_list<
    abs_op,
    adaptive_avg_pool_op,
    adaptive_max_pool_op,
    add_op,
    avg_pool2d_op,
    avg_pool_op,
    batch_norm_channel_first_op,
    batch_norm_op,
    bce_with_logits_loss_op,
    binary_cross_entropy_loss_op,
    bmm_op,
    broadcast_to_op,
    clamp_op,
    concat_dim0_op,
    concat_op,
    concat_vectors_op,
    conv2d_op,
    conv_op,
    conv_transpose2d_op,
    conv_transpose_op,
    cos_op,
    cosh_op,
    cosine_similarity_loss_op,
    cross_entropy_labels_op,
    cross_entropy_logits_op,
    cross_entropy_loss_op,
    cumsum_op,
    diagonal_op,
    div_op,
    elu_op,
    eq_op,
    erf_op,
    erfc_op,
    exp_op,
    expm1_op,
    flatten_op,
    gather_row_op,
    gather_rows_op,
    gather_scalar_nat_op,
    gather_scalar_op,
    gather_vec_op,
    ge_op,
    gelu_erf_op,
    gelu_op,
    group_norm_op,
    gt_op,
    hardswish_op,
    hinge_loss_op,
    huber_loss_op,
    layer_norm_op,
    leaky_relu_op,
    linear_op,
    log1p_op,
    log_cosh_loss_op,
    log_op,
    log_shifted_op,
    log_softmax_op,
    logsumexp_op,
    mae_loss_op,
    masked_multi_head_attention_op,
    matmul_op,
    max_pool2d_op,
    max_pool_op,
    maximum_op,
    minimum_op,
    mish_op,
    mse_loss_op,
    mul_op,
    multi_head_attention_op,
    neg_op,
    permute_op,
    poisson_loss_op,
    pow_op,
    reciprocal_op,
    reduce_max_op,
    reduce_mean_op,
    reduce_min_op,
    reduce_sum_op,
    relu_op,
    reshape_op,
    rms_norm_op,
    rotary_op,
    safe_div_op,
    safe_log_op,
    safe_reciprocal_op,
    scale_op,
    scaled_dot_product_attention_op,
    scatter_add_row_op,
    scatter_add_vec_op,
    selu_op,
    sigmoid_op,
    sign_op,
    silu_op,
    sin_op,
    sinh_op,
    slice_dim0_op,
    slice_op,
    smooth_abs_op,
    smooth_l1_loss_op,
    smooth_max_pool2d_op,
    smooth_max_pool_op,
    softmax_op,
    softplus_op,
    sqrt_op,
    square_op,
    sub_op,
    sum_op,
    swap_adjacent_at_depth_op,
    tanh_op,
    transpose2d_op,
    transpose3d_first_to_last_op,
    transpose3d_last_to_first_op,
    transpose3d_last_two_op,
    variance_op,
    where_greater_op,
    where_op>;
// clang-format on

}  // namespace axiograd
