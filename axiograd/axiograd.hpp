#pragma once
// The whole library. Including narrower headers costs less to compile.

#include <axiograd/autograd/builder.hpp>
#include <axiograd/autograd/tape.hpp>
#include <axiograd/autograd/var.hpp>
#include <axiograd/core/random.hpp>
#include <axiograd/core/scalar/interval.hpp>
#include <axiograd/core/scalar/prime_field.hpp>
#include <axiograd/core/tensor.hpp>
#include <axiograd/functional/attention.hpp>
#include <axiograd/functional/einsum.hpp>
#include <axiograd/functional/order.hpp>
#include <axiograd/functional/random.hpp>
#include <axiograd/functional/recurrent.hpp>
#include <axiograd/functional/reduce.hpp>
#include <axiograd/functional/shape.hpp>
#include <axiograd/io/dataset.hpp>
#include <axiograd/io/digits.hpp>
#include <axiograd/io/model.hpp>
#include <axiograd/kernels/precision.hpp>
#include <axiograd/nn/composition.hpp>
#include <axiograd/nn/convolution.hpp>
#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/normalization.hpp>
#include <axiograd/nn/optimiser.hpp>
#include <axiograd/nn/sequence.hpp>
#include <axiograd/nn/sequential.hpp>
#include <axiograd/operators/evaluate.hpp>
#include <axiograd/operators/program.hpp>
#include <axiograd/operators/record.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/ops.hpp>
#include <axiograd/spec/contract.hpp>
#if __has_include(<gmp.h>)
#include <axiograd/core/scalar/rational.hpp>
#endif
