# The unit of one operator: its tables, its record and the comment that stands before it.
#   awk -v header=activation/relu.hpp -v tuned=NAME.cpu.hpp -f operator_unit.awk axiograd/ops/activation/relu.hpp
BEGIN { split(header, parts, /[\/.]/); folder = parts[1]; name = parts[2] }
/^\/\/\/ ?/ { line = $0; sub(/^\/\/\/ ?/, "", line); block = block line "\n"; next }
$0 ~ "^struct " name "_op( |$)" { doc = block }
{ block = "" }
END {
  printf "#include <axiograd/ops/%s>\n#include <axiograd/operators/operator_unit.hpp>\n", header
  if (tuned != "") printf "#include <axiograd/ops/%s>\n", tuned
  printf "\n"
  printf "template struct axiograd::builtin<axiograd::%s_op, float>;\n", name
  printf "template struct axiograd::builtin<axiograd::%s_op, double>;\n", name
  printf "template <>\nconst axiograd::op_record& axiograd::record_of<axiograd::%s_op>::get() {\n", name
  printf "  static const op_record record = make_record<%s_op>(\"%s\", R\"doc(%s)doc\");\n", name, folder, doc
  printf "  return record;\n}\n"
}
