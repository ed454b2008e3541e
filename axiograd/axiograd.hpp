#pragma once
// The whole library. Including narrower headers costs less to compile.

#include <axiograd/autograd/builder.hpp>
#include <axiograd/autograd/tape.hpp>
#include <axiograd/autograd/var.hpp>
#include <axiograd/core/tensor.hpp>
#include <axiograd/ops/operators.hpp>
#include <axiograd/ops/ops.hpp>
#include <axiograd/runtime/evaluate.hpp>
#include <axiograd/runtime/program.hpp>
#include <axiograd/runtime/record.hpp>
