module {
  // %arg0: x
  // %arg1: w
  func.func public @main(%arg0: tensor<2x3xf64>, %arg1: tensor<3xf64>) -> tensor<2xf64> {
    %0 = "stablehlo.broadcast_in_dim"(%arg1) {broadcast_dimensions = array<i64: 1>} : (tensor<3xf64>) -> tensor<2x3xf64>
    %1 = "stablehlo.multiply"(%arg0, %0) : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
    %2 = "stablehlo.constant"() {value = dense<0x0000000000000000> : tensor<f64>} : () -> tensor<f64>
    %6 = "stablehlo.reduce"(%1, %2) ({
    ^bb0(%3: tensor<f64>, %4: tensor<f64>):
      %5 = "stablehlo.add"(%3, %4) : (tensor<f64>, tensor<f64>) -> tensor<f64>
      "stablehlo.return"(%5) : (tensor<f64>) -> ()
    }) {dimensions = array<i64: 1>} : (tensor<2x3xf64>, tensor<f64>) -> tensor<2xf64>
    %7 = "stablehlo.constant"() {value = dense<0x0000000000000000> : tensor<f64>} : () -> tensor<f64>
    %8 = "stablehlo.broadcast_in_dim"(%7) {broadcast_dimensions = array<i64>} : (tensor<f64>) -> tensor<2xf64>
    %9 = "stablehlo.maximum"(%6, %8) : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
    %10 = "stablehlo.abs"(%6) : (tensor<2xf64>) -> tensor<2xf64>
    %11 = "stablehlo.negate"(%10) : (tensor<2xf64>) -> tensor<2xf64>
    %12 = "stablehlo.exponential"(%11) : (tensor<2xf64>) -> tensor<2xf64>
    %13 = "stablehlo.log_plus_one"(%12) : (tensor<2xf64>) -> tensor<2xf64>
    %14 = "stablehlo.add"(%9, %13) : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
    %15 = "stablehlo.constant"() {value = dense<[1, 0]> : tensor<2xi64>} : () -> tensor<2xi64>
    %16 = "stablehlo.gather"(%14, %15) {dimension_numbers = #stablehlo.gather<offset_dims = [], collapsed_slice_dims = [0], operand_batching_dims = [], start_indices_batching_dims = [], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>} : (tensor<2xf64>, tensor<2xi64>) -> tensor<2xf64>
    %17 = "stablehlo.constant"() {value = dense<0x3FE0000000000000> : tensor<f64>} : () -> tensor<f64>
    %18 = "stablehlo.broadcast_in_dim"(%17) {broadcast_dimensions = array<i64>} : (tensor<f64>) -> tensor<2xf64>
    %19 = "stablehlo.add"(%16, %18) : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
    return %19 : tensor<2xf64>
  }
}
