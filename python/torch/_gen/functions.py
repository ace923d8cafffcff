"""Generated from the op records by tools/generate/python_bindings.ts: do not edit."""

from _core import (
    op__adam_step_ as _core__adam_step_,
    op__adam_steps_ as _core__adam_steps_,
    op__adaptive_avg_pool2d as _core__adaptive_avg_pool2d,
    op__adaptive_avg_pool2d_int8 as _core__adaptive_avg_pool2d_int8,
    op__add_int8 as _core__add_int8,
    op__affine_int8 as _core__affine_int8,
    op__alias as _core__alias,
    op__attention as _core__attention,
    op__avg_pool2d_int8 as _core__avg_pool2d_int8,
    op__bernoulli_ as _core__bernoulli_,
    op__binary_cross_entropy as _core__binary_cross_entropy,
    op__bitwise_not_int as _core__bitwise_not_int,
    op__bitwise_not_int_ as _core__bitwise_not_int_,
    op__cast as _core__cast,
    op__cat_int8 as _core__cat_int8,
    op__cholesky_inverse as _core__cholesky_inverse,
    op__cholesky_solve as _core__cholesky_solve,
    op__choose_qparams as _core__choose_qparams,
    op__conj as _core__conj,
    op__contiguous as _core__contiguous,
    op__conv1d as _core__conv1d,
    op__conv2d as _core__conv2d,
    op__conv2d_int8 as _core__conv2d_int8,
    op__conv2d_low_bit as _core__conv2d_low_bit,
    op__conv_transpose1d as _core__conv_transpose1d,
    op__conv_transpose2d as _core__conv_transpose2d,
    op__cross_entropy as _core__cross_entropy,
    op__dequantize_affine as _core__dequantize_affine,
    op__dequantize_low_bit as _core__dequantize_low_bit,
    op__diagonal_backward as _core__diagonal_backward,
    op__dirichlet_grad as _core__dirichlet_grad,
    op__div_rounded as _core__div_rounded,
    op__div_rounded_ as _core__div_rounded_,
    op__dropout as _core__dropout,
    op__embedding as _core__embedding,
    op__empty_like as _core__empty_like,
    op__fake_quantize_learnable_per_channel_affine as _core__fake_quantize_learnable_per_channel_affine,
    op__fake_quantize_learnable_per_tensor_affine as _core__fake_quantize_learnable_per_tensor_affine,
    op__fft_c2c as _core__fft_c2c,
    op__fft_c2r as _core__fft_c2r,
    op__fft_r2c as _core__fft_r2c,
    op__flip as _core__flip,
    op__geqrf as _core__geqrf,
    op__get_rng_state as _core__get_rng_state,
    op__gru as _core__gru,
    op__gru_sequence as _core__gru_sequence,
    op__householder_product as _core__householder_product,
    op__index as _core__index,
    op__index_put_ as _core__index_put_,
    op__int_mm as _core__int_mm,
    op__linalg_cholesky as _core__linalg_cholesky,
    op__linalg_det as _core__linalg_det,
    op__linalg_eig as _core__linalg_eig,
    op__linalg_eigh as _core__linalg_eigh,
    op__linalg_inv as _core__linalg_inv,
    op__linalg_lu_factor_ex as _core__linalg_lu_factor_ex,
    op__linalg_lu_solve as _core__linalg_lu_solve,
    op__linalg_pinv as _core__linalg_pinv,
    op__linalg_qr as _core__linalg_qr,
    op__linalg_slogdet as _core__linalg_slogdet,
    op__linalg_solve as _core__linalg_solve,
    op__linalg_solve_triangular as _core__linalg_solve_triangular,
    op__linalg_svd as _core__linalg_svd,
    op__linalg_swap_rows as _core__linalg_swap_rows,
    op__linear_int8 as _core__linear_int8,
    op__linear_int8_dynamic as _core__linear_int8_dynamic,
    op__linear_int8_sums as _core__linear_int8_sums,
    op__linear_low_bit as _core__linear_low_bit,
    op__lstm as _core__lstm,
    op__lstm_sequence as _core__lstm_sequence,
    op__map_int8 as _core__map_int8,
    op__max_all as _core__max_all,
    op__max_dim as _core__max_dim,
    op__max_pool2d as _core__max_pool2d,
    op__max_pool2d_int8 as _core__max_pool2d_int8,
    op__mean_int8 as _core__mean_int8,
    op__min_all as _core__min_all,
    op__min_dim as _core__min_dim,
    op__mul_int8 as _core__mul_int8,
    op__multinomial_replaced as _core__multinomial_replaced,
    op__nan_to_num as _core__nan_to_num,
    op__nan_to_num_ as _core__nan_to_num_,
    op__native_batch_norm as _core__native_batch_norm,
    op__nll_loss as _core__nll_loss,
    op__nonzero as _core__nonzero,
    op__norm1 as _core__norm1,
    op__norm2 as _core__norm2,
    op__pack_int4 as _core__pack_int4,
    op__pin_memory as _core__pin_memory,
    op__polygamma as _core__polygamma,
    op__prod as _core__prod,
    op__quantize_affine as _core__quantize_affine,
    op__random_ as _core__random_,
    op__random_full_ as _core__random_full_,
    op__randperm as _core__randperm,
    op__rdiv as _core__rdiv,
    op__recurrent_int8 as _core__recurrent_int8,
    op__recurrent_network_int8 as _core__recurrent_network_int8,
    op__repeat as _core__repeat,
    op__reshape as _core__reshape,
    op__rfloordiv as _core__rfloordiv,
    op__rnn as _core__rnn,
    op__rnn_sequence as _core__rnn_sequence,
    op__rpow as _core__rpow,
    op__rremainder as _core__rremainder,
    op__sample_dirichlet as _core__sample_dirichlet,
    op__scale_all_ as _core__scale_all_,
    op__scatter as _core__scatter,
    op__scatter_reduce as _core__scatter_reduce,
    op__set_rng_state as _core__set_rng_state,
    op__sgd_step_ as _core__sgd_step_,
    op__sgd_steps_ as _core__sgd_steps_,
    op__slice as _core__slice,
    op__sort as _core__sort,
    op__split as _core__split,
    op__standard_gamma as _core__standard_gamma,
    op__standard_gamma_grad as _core__standard_gamma_grad,
    op__std_mean as _core__std_mean,
    op__to_device as _core__to_device,
    op__total_norm as _core__total_norm,
    op__unflatten as _core__unflatten,
    op__unfold_backward as _core__unfold_backward,
    op__unpack_int4 as _core__unpack_int4,
    op__var_mean as _core__var_mean,
    op__view as _core__view,
    op__view_dtype as _core__view_dtype,
    op__where as _core__where,
    op_abs as _core_abs,
    op_abs_ as _core_abs_,
    op_acos as _core_acos,
    op_acos_ as _core_acos_,
    op_acosh as _core_acosh,
    op_acosh_ as _core_acosh_,
    op_add as _core_add,
    op_add_ as _core_add_,
    op_addcdiv as _core_addcdiv,
    op_addcdiv_ as _core_addcdiv_,
    op_addcmul as _core_addcmul,
    op_addcmul_ as _core_addcmul_,
    op_addmm as _core_addmm,
    op_airy_ai as _core_airy_ai,
    op_all as _core_all,
    op_amax as _core_amax,
    op_amin as _core_amin,
    op_angle as _core_angle,
    op_any as _core_any,
    op_arange as _core_arange,
    op_argmax as _core_argmax,
    op_argmin as _core_argmin,
    op_as_strided as _core_as_strided,
    op_asin as _core_asin,
    op_asin_ as _core_asin_,
    op_asinh as _core_asinh,
    op_asinh_ as _core_asinh_,
    op_atan as _core_atan,
    op_atan2 as _core_atan2,
    op_atan2_ as _core_atan2_,
    op_atan_ as _core_atan_,
    op_atanh as _core_atanh,
    op_atanh_ as _core_atanh_,
    op_avg_pool1d as _core_avg_pool1d,
    op_avg_pool2d as _core_avg_pool2d,
    op_baddbmm as _core_baddbmm,
    op_batch_norm as _core_batch_norm,
    op_bessel_j0 as _core_bessel_j0,
    op_bessel_j1 as _core_bessel_j1,
    op_bessel_y0 as _core_bessel_y0,
    op_bessel_y1 as _core_bessel_y1,
    op_binomial as _core_binomial,
    op_bitwise_and as _core_bitwise_and,
    op_bitwise_and_ as _core_bitwise_and_,
    op_bitwise_left_shift as _core_bitwise_left_shift,
    op_bitwise_left_shift_ as _core_bitwise_left_shift_,
    op_bitwise_or as _core_bitwise_or,
    op_bitwise_or_ as _core_bitwise_or_,
    op_bitwise_right_shift as _core_bitwise_right_shift,
    op_bitwise_right_shift_ as _core_bitwise_right_shift_,
    op_bitwise_xor as _core_bitwise_xor,
    op_bitwise_xor_ as _core_bitwise_xor_,
    op_bmm as _core_bmm,
    op_cat as _core_cat,
    op_cauchy_ as _core_cauchy_,
    op_ceil as _core_ceil,
    op_ceil_ as _core_ceil_,
    op_celu as _core_celu,
    op_celu_ as _core_celu_,
    op_chebyshev_polynomial_t as _core_chebyshev_polynomial_t,
    op_chebyshev_polynomial_u as _core_chebyshev_polynomial_u,
    op_chebyshev_polynomial_v as _core_chebyshev_polynomial_v,
    op_chebyshev_polynomial_w as _core_chebyshev_polynomial_w,
    op_chunk as _core_chunk,
    op_clamp as _core_clamp,
    op_clamp_ as _core_clamp_,
    op_clamp_max as _core_clamp_max,
    op_clamp_max_ as _core_clamp_max_,
    op_clamp_min as _core_clamp_min,
    op_clamp_min_ as _core_clamp_min_,
    op_clone as _core_clone,
    op_complex as _core_complex,
    op_conj_physical as _core_conj_physical,
    op_copy_ as _core_copy_,
    op_copysign as _core_copysign,
    op_copysign_ as _core_copysign_,
    op_cos as _core_cos,
    op_cos_ as _core_cos_,
    op_cosh as _core_cosh,
    op_cosh_ as _core_cosh_,
    op_count_nonzero as _core_count_nonzero,
    op_cummax as _core_cummax,
    op_cummin as _core_cummin,
    op_cumprod as _core_cumprod,
    op_cumsum as _core_cumsum,
    op_deg2rad as _core_deg2rad,
    op_deg2rad_ as _core_deg2rad_,
    op_detach as _core_detach,
    op_diagonal as _core_diagonal,
    op_digamma as _core_digamma,
    op_digamma_ as _core_digamma_,
    op_dot as _core_dot,
    op_elu as _core_elu,
    op_elu_ as _core_elu_,
    op_empty as _core_empty,
    op_empty_strided as _core_empty_strided,
    op_eq as _core_eq,
    op_eq_ as _core_eq_,
    op_erf as _core_erf,
    op_erf_ as _core_erf_,
    op_erfc as _core_erfc,
    op_erfc_ as _core_erfc_,
    op_erfcx as _core_erfcx,
    op_erfinv as _core_erfinv,
    op_erfinv_ as _core_erfinv_,
    op_exp as _core_exp,
    op_exp2 as _core_exp2,
    op_exp2_ as _core_exp2_,
    op_exp_ as _core_exp_,
    op_expand as _core_expand,
    op_expm1 as _core_expm1,
    op_expm1_ as _core_expm1_,
    op_exponential_ as _core_exponential_,
    op_eye as _core_eye,
    op_fake_quantize_per_channel_affine as _core_fake_quantize_per_channel_affine,
    op_fake_quantize_per_tensor_affine as _core_fake_quantize_per_tensor_affine,
    op_fill_ as _core_fill_,
    op_flatten as _core_flatten,
    op_floor as _core_floor,
    op_floor_ as _core_floor_,
    op_floor_divide as _core_floor_divide,
    op_floor_divide_ as _core_floor_divide_,
    op_fmax as _core_fmax,
    op_fmin as _core_fmin,
    op_fmod as _core_fmod,
    op_fmod_ as _core_fmod_,
    op_frac as _core_frac,
    op_frac_ as _core_frac_,
    op_full as _core_full,
    op_gather as _core_gather,
    op_gcd as _core_gcd,
    op_gcd_ as _core_gcd_,
    op_ge as _core_ge,
    op_ge_ as _core_ge_,
    op_gelu as _core_gelu,
    op_geometric_ as _core_geometric_,
    op_group_norm as _core_group_norm,
    op_gt as _core_gt,
    op_gt_ as _core_gt_,
    op_hardshrink as _core_hardshrink,
    op_hardsigmoid as _core_hardsigmoid,
    op_hardsigmoid_ as _core_hardsigmoid_,
    op_hardswish as _core_hardswish,
    op_hardswish_ as _core_hardswish_,
    op_hardtanh as _core_hardtanh,
    op_hardtanh_ as _core_hardtanh_,
    op_heaviside as _core_heaviside,
    op_heaviside_ as _core_heaviside_,
    op_hermite_polynomial_h as _core_hermite_polynomial_h,
    op_hermite_polynomial_he as _core_hermite_polynomial_he,
    op_hypot as _core_hypot,
    op_hypot_ as _core_hypot_,
    op_i0 as _core_i0,
    op_i0e as _core_i0e,
    op_i1 as _core_i1,
    op_i1e as _core_i1e,
    op_igamma as _core_igamma,
    op_igammac as _core_igammac,
    op_imag as _core_imag,
    op_index_add as _core_index_add,
    op_index_put as _core_index_put,
    op_index_select as _core_index_select,
    op_isfinite as _core_isfinite,
    op_isinf as _core_isinf,
    op_isnan as _core_isnan,
    op_isneginf as _core_isneginf,
    op_isposinf as _core_isposinf,
    op_laguerre_polynomial_l as _core_laguerre_polynomial_l,
    op_layer_norm as _core_layer_norm,
    op_lcm as _core_lcm,
    op_lcm_ as _core_lcm_,
    op_le as _core_le,
    op_le_ as _core_le_,
    op_leaky_relu as _core_leaky_relu,
    op_leaky_relu_ as _core_leaky_relu_,
    op_legendre_polynomial_p as _core_legendre_polynomial_p,
    op_lerp as _core_lerp,
    op_lerp_ as _core_lerp_,
    op_lgamma as _core_lgamma,
    op_lgamma_ as _core_lgamma_,
    op_linear as _core_linear,
    op_linspace as _core_linspace,
    op_log as _core_log,
    op_log10 as _core_log10,
    op_log10_ as _core_log10_,
    op_log1p as _core_log1p,
    op_log1p_ as _core_log1p_,
    op_log2 as _core_log2,
    op_log2_ as _core_log2_,
    op_log_ as _core_log_,
    op_log_ndtr as _core_log_ndtr,
    op_log_normal_ as _core_log_normal_,
    op_log_softmax as _core_log_softmax,
    op_logaddexp as _core_logaddexp,
    op_logaddexp2 as _core_logaddexp2,
    op_logcumsumexp as _core_logcumsumexp,
    op_logical_and as _core_logical_and,
    op_logical_and_ as _core_logical_and_,
    op_logical_not as _core_logical_not,
    op_logical_not_ as _core_logical_not_,
    op_logical_or as _core_logical_or,
    op_logical_or_ as _core_logical_or_,
    op_logical_xor as _core_logical_xor,
    op_logical_xor_ as _core_logical_xor_,
    op_logit as _core_logit,
    op_logit_ as _core_logit_,
    op_logsigmoid as _core_logsigmoid,
    op_logsumexp as _core_logsumexp,
    op_lt as _core_lt,
    op_lt_ as _core_lt_,
    op_masked_fill as _core_masked_fill,
    op_masked_fill_ as _core_masked_fill_,
    op_matmul as _core_matmul,
    op_matrix_exp as _core_matrix_exp,
    op_maximum as _core_maximum,
    op_mean as _core_mean,
    op_minimum as _core_minimum,
    op_mish as _core_mish,
    op_mish_ as _core_mish_,
    op_mm as _core_mm,
    op_modified_bessel_k0 as _core_modified_bessel_k0,
    op_modified_bessel_k1 as _core_modified_bessel_k1,
    op_movedim as _core_movedim,
    op_mul as _core_mul,
    op_mul_ as _core_mul_,
    op_mv as _core_mv,
    op_narrow as _core_narrow,
    op_native_layer_norm as _core_native_layer_norm,
    op_ndtri as _core_ndtri,
    op_ne as _core_ne,
    op_ne_ as _core_ne_,
    op_neg as _core_neg,
    op_neg_ as _core_neg_,
    op_nextafter as _core_nextafter,
    op_nextafter_ as _core_nextafter_,
    op_normal_ as _core_normal_,
    op_outer as _core_outer,
    op_permute as _core_permute,
    op_poisson as _core_poisson,
    op_polar as _core_polar,
    op_pow as _core_pow,
    op_pow_ as _core_pow_,
    op_prelu as _core_prelu,
    op_rad2deg as _core_rad2deg,
    op_rad2deg_ as _core_rad2deg_,
    op_real as _core_real,
    op_reciprocal as _core_reciprocal,
    op_reciprocal_ as _core_reciprocal_,
    op_relu as _core_relu,
    op_relu_ as _core_relu_,
    op_remainder as _core_remainder,
    op_remainder_ as _core_remainder_,
    op_rms_norm as _core_rms_norm,
    op_round as _core_round,
    op_round_ as _core_round_,
    op_rsqrt as _core_rsqrt,
    op_rsqrt_ as _core_rsqrt_,
    op_rsub as _core_rsub,
    op_scaled_modified_bessel_k0 as _core_scaled_modified_bessel_k0,
    op_scaled_modified_bessel_k1 as _core_scaled_modified_bessel_k1,
    op_scatter_add as _core_scatter_add,
    op_select as _core_select,
    op_selu as _core_selu,
    op_selu_ as _core_selu_,
    op_sgn as _core_sgn,
    op_shifted_chebyshev_polynomial_t as _core_shifted_chebyshev_polynomial_t,
    op_shifted_chebyshev_polynomial_u as _core_shifted_chebyshev_polynomial_u,
    op_shifted_chebyshev_polynomial_v as _core_shifted_chebyshev_polynomial_v,
    op_shifted_chebyshev_polynomial_w as _core_shifted_chebyshev_polynomial_w,
    op_sigmoid as _core_sigmoid,
    op_sigmoid_ as _core_sigmoid_,
    op_sign as _core_sign,
    op_sign_ as _core_sign_,
    op_signbit as _core_signbit,
    op_silu as _core_silu,
    op_silu_ as _core_silu_,
    op_sin as _core_sin,
    op_sin_ as _core_sin_,
    op_sinc as _core_sinc,
    op_sinc_ as _core_sinc_,
    op_sinh as _core_sinh,
    op_sinh_ as _core_sinh_,
    op_softmax as _core_softmax,
    op_softplus as _core_softplus,
    op_softshrink as _core_softshrink,
    op_spherical_bessel_j0 as _core_spherical_bessel_j0,
    op_split_with_sizes as _core_split_with_sizes,
    op_sqrt as _core_sqrt,
    op_sqrt_ as _core_sqrt_,
    op_square as _core_square,
    op_square_ as _core_square_,
    op_squeeze as _core_squeeze,
    op_stack as _core_stack,
    op_sub as _core_sub,
    op_sub_ as _core_sub_,
    op_sum as _core_sum,
    op_t as _core_t,
    op_tan as _core_tan,
    op_tan_ as _core_tan_,
    op_tanh as _core_tanh,
    op_tanh_ as _core_tanh_,
    op_threshold as _core_threshold,
    op_threshold_ as _core_threshold_,
    op_topk as _core_topk,
    op_transpose as _core_transpose,
    op_tril as _core_tril,
    op_triu as _core_triu,
    op_true_divide as _core_true_divide,
    op_true_divide_ as _core_true_divide_,
    op_trunc as _core_trunc,
    op_trunc_ as _core_trunc_,
    op_unbind as _core_unbind,
    op_unfold as _core_unfold,
    op_uniform_ as _core_uniform_,
    op_unsqueeze as _core_unsqueeze,
    op_view_as_complex as _core_view_as_complex,
    op_view_as_real as _core_view_as_real,
    op_xlogy as _core_xlogy,
    op_xlogy_ as _core_xlogy_,
    op_zero_ as _core_zero_,
    op_zeta as _core_zeta,
)
from _direct import (
    _adam_step_ as _direct__adam_step_,
    _adam_steps_ as _direct__adam_steps_,
    _adaptive_avg_pool2d as _direct__adaptive_avg_pool2d,
    _adaptive_avg_pool2d_int8 as _direct__adaptive_avg_pool2d_int8,
    _add_int8 as _direct__add_int8,
    _affine_int8 as _direct__affine_int8,
    _alias as _direct__alias,
    _attention as _direct__attention,
    _avg_pool2d_int8 as _direct__avg_pool2d_int8,
    _bernoulli_ as _direct__bernoulli_,
    _binary_cross_entropy as _direct__binary_cross_entropy,
    _bitwise_not_int as _direct__bitwise_not_int,
    _bitwise_not_int_ as _direct__bitwise_not_int_,
    _cast as _direct__cast,
    _cat_int8 as _direct__cat_int8,
    _cholesky_inverse as _direct__cholesky_inverse,
    _cholesky_solve as _direct__cholesky_solve,
    _choose_qparams as _direct__choose_qparams,
    _conj as _direct__conj,
    _contiguous as _direct__contiguous,
    _conv1d as _direct__conv1d,
    _conv2d as _direct__conv2d,
    _conv2d_int8 as _direct__conv2d_int8,
    _conv2d_low_bit as _direct__conv2d_low_bit,
    _conv_transpose1d as _direct__conv_transpose1d,
    _conv_transpose2d as _direct__conv_transpose2d,
    _cross_entropy as _direct__cross_entropy,
    _dequantize_affine as _direct__dequantize_affine,
    _dequantize_low_bit as _direct__dequantize_low_bit,
    _diagonal_backward as _direct__diagonal_backward,
    _dirichlet_grad as _direct__dirichlet_grad,
    _div_rounded as _direct__div_rounded,
    _div_rounded_ as _direct__div_rounded_,
    _dropout as _direct__dropout,
    _embedding as _direct__embedding,
    _empty_like as _direct__empty_like,
    _fake_quantize_learnable_per_channel_affine as _direct__fake_quantize_learnable_per_channel_affine,
    _fake_quantize_learnable_per_tensor_affine as _direct__fake_quantize_learnable_per_tensor_affine,
    _fft_c2c as _direct__fft_c2c,
    _fft_c2r as _direct__fft_c2r,
    _fft_r2c as _direct__fft_r2c,
    _flip as _direct__flip,
    _geqrf as _direct__geqrf,
    _get_rng_state as _direct__get_rng_state,
    _gru as _direct__gru,
    _gru_sequence as _direct__gru_sequence,
    _householder_product as _direct__householder_product,
    _int_mm as _direct__int_mm,
    _linalg_cholesky as _direct__linalg_cholesky,
    _linalg_det as _direct__linalg_det,
    _linalg_eig as _direct__linalg_eig,
    _linalg_eigh as _direct__linalg_eigh,
    _linalg_inv as _direct__linalg_inv,
    _linalg_lu_factor_ex as _direct__linalg_lu_factor_ex,
    _linalg_lu_solve as _direct__linalg_lu_solve,
    _linalg_pinv as _direct__linalg_pinv,
    _linalg_qr as _direct__linalg_qr,
    _linalg_slogdet as _direct__linalg_slogdet,
    _linalg_solve as _direct__linalg_solve,
    _linalg_solve_triangular as _direct__linalg_solve_triangular,
    _linalg_svd as _direct__linalg_svd,
    _linalg_swap_rows as _direct__linalg_swap_rows,
    _linear_int8 as _direct__linear_int8,
    _linear_int8_dynamic as _direct__linear_int8_dynamic,
    _linear_int8_sums as _direct__linear_int8_sums,
    _linear_low_bit as _direct__linear_low_bit,
    _lstm as _direct__lstm,
    _lstm_sequence as _direct__lstm_sequence,
    _map_int8 as _direct__map_int8,
    _max_all as _direct__max_all,
    _max_dim as _direct__max_dim,
    _max_pool2d as _direct__max_pool2d,
    _max_pool2d_int8 as _direct__max_pool2d_int8,
    _mean_int8 as _direct__mean_int8,
    _min_all as _direct__min_all,
    _min_dim as _direct__min_dim,
    _mul_int8 as _direct__mul_int8,
    _multinomial_replaced as _direct__multinomial_replaced,
    _nan_to_num as _direct__nan_to_num,
    _nan_to_num_ as _direct__nan_to_num_,
    _native_batch_norm as _direct__native_batch_norm,
    _nll_loss as _direct__nll_loss,
    _nonzero as _direct__nonzero,
    _norm1 as _direct__norm1,
    _norm2 as _direct__norm2,
    _pack_int4 as _direct__pack_int4,
    _pin_memory as _direct__pin_memory,
    _polygamma as _direct__polygamma,
    _prod as _direct__prod,
    _quantize_affine as _direct__quantize_affine,
    _random_ as _direct__random_,
    _random_full_ as _direct__random_full_,
    _randperm as _direct__randperm,
    _rdiv as _direct__rdiv,
    _recurrent_int8 as _direct__recurrent_int8,
    _recurrent_network_int8 as _direct__recurrent_network_int8,
    _repeat as _direct__repeat,
    _reshape as _direct__reshape,
    _rfloordiv as _direct__rfloordiv,
    _rnn as _direct__rnn,
    _rnn_sequence as _direct__rnn_sequence,
    _rpow as _direct__rpow,
    _rremainder as _direct__rremainder,
    _sample_dirichlet as _direct__sample_dirichlet,
    _scale_all_ as _direct__scale_all_,
    _scatter as _direct__scatter,
    _scatter_reduce as _direct__scatter_reduce,
    _set_rng_state as _direct__set_rng_state,
    _sgd_step_ as _direct__sgd_step_,
    _sgd_steps_ as _direct__sgd_steps_,
    _slice as _direct__slice,
    _sort as _direct__sort,
    _split as _direct__split,
    _standard_gamma as _direct__standard_gamma,
    _standard_gamma_grad as _direct__standard_gamma_grad,
    _std_mean as _direct__std_mean,
    _to_device as _direct__to_device,
    _total_norm as _direct__total_norm,
    _unflatten as _direct__unflatten,
    _unfold_backward as _direct__unfold_backward,
    _unpack_int4 as _direct__unpack_int4,
    _var_mean as _direct__var_mean,
    _view as _direct__view,
    _view_dtype as _direct__view_dtype,
    _where as _direct__where,
    abs as _direct_abs,
    abs_ as _direct_abs_,
    acos as _direct_acos,
    acos_ as _direct_acos_,
    acosh as _direct_acosh,
    acosh_ as _direct_acosh_,
    add as _direct_add,
    add_ as _direct_add_,
    addcdiv as _direct_addcdiv,
    addcdiv_ as _direct_addcdiv_,
    addcmul as _direct_addcmul,
    addcmul_ as _direct_addcmul_,
    addmm as _direct_addmm,
    airy_ai as _direct_airy_ai,
    all as _direct_all,
    amax as _direct_amax,
    amin as _direct_amin,
    angle as _direct_angle,
    any as _direct_any,
    arange as _direct_arange,
    argmax as _direct_argmax,
    argmin as _direct_argmin,
    as_strided as _direct_as_strided,
    asin as _direct_asin,
    asin_ as _direct_asin_,
    asinh as _direct_asinh,
    asinh_ as _direct_asinh_,
    atan as _direct_atan,
    atan2 as _direct_atan2,
    atan2_ as _direct_atan2_,
    atan_ as _direct_atan_,
    atanh as _direct_atanh,
    atanh_ as _direct_atanh_,
    avg_pool1d as _direct_avg_pool1d,
    avg_pool2d as _direct_avg_pool2d,
    baddbmm as _direct_baddbmm,
    batch_norm as _direct_batch_norm,
    bessel_j0 as _direct_bessel_j0,
    bessel_j1 as _direct_bessel_j1,
    bessel_y0 as _direct_bessel_y0,
    bessel_y1 as _direct_bessel_y1,
    binomial as _direct_binomial,
    bitwise_and as _direct_bitwise_and,
    bitwise_and_ as _direct_bitwise_and_,
    bitwise_left_shift as _direct_bitwise_left_shift,
    bitwise_left_shift_ as _direct_bitwise_left_shift_,
    bitwise_or as _direct_bitwise_or,
    bitwise_or_ as _direct_bitwise_or_,
    bitwise_right_shift as _direct_bitwise_right_shift,
    bitwise_right_shift_ as _direct_bitwise_right_shift_,
    bitwise_xor as _direct_bitwise_xor,
    bitwise_xor_ as _direct_bitwise_xor_,
    bmm as _direct_bmm,
    cat as _direct_cat,
    cauchy_ as _direct_cauchy_,
    ceil as _direct_ceil,
    ceil_ as _direct_ceil_,
    celu as _direct_celu,
    celu_ as _direct_celu_,
    chebyshev_polynomial_t as _direct_chebyshev_polynomial_t,
    chebyshev_polynomial_u as _direct_chebyshev_polynomial_u,
    chebyshev_polynomial_v as _direct_chebyshev_polynomial_v,
    chebyshev_polynomial_w as _direct_chebyshev_polynomial_w,
    chunk as _direct_chunk,
    clamp as _direct_clamp,
    clamp_ as _direct_clamp_,
    clamp_max as _direct_clamp_max,
    clamp_max_ as _direct_clamp_max_,
    clamp_min as _direct_clamp_min,
    clamp_min_ as _direct_clamp_min_,
    clone as _direct_clone,
    complex as _direct_complex,
    conj_physical as _direct_conj_physical,
    copy_ as _direct_copy_,
    copysign as _direct_copysign,
    copysign_ as _direct_copysign_,
    cos as _direct_cos,
    cos_ as _direct_cos_,
    cosh as _direct_cosh,
    cosh_ as _direct_cosh_,
    count_nonzero as _direct_count_nonzero,
    cummax as _direct_cummax,
    cummin as _direct_cummin,
    cumprod as _direct_cumprod,
    cumsum as _direct_cumsum,
    deg2rad as _direct_deg2rad,
    deg2rad_ as _direct_deg2rad_,
    detach as _direct_detach,
    diagonal as _direct_diagonal,
    digamma as _direct_digamma,
    digamma_ as _direct_digamma_,
    dot as _direct_dot,
    elu as _direct_elu,
    elu_ as _direct_elu_,
    empty as _direct_empty,
    empty_strided as _direct_empty_strided,
    eq as _direct_eq,
    eq_ as _direct_eq_,
    erf as _direct_erf,
    erf_ as _direct_erf_,
    erfc as _direct_erfc,
    erfc_ as _direct_erfc_,
    erfcx as _direct_erfcx,
    erfinv as _direct_erfinv,
    erfinv_ as _direct_erfinv_,
    exp as _direct_exp,
    exp2 as _direct_exp2,
    exp2_ as _direct_exp2_,
    exp_ as _direct_exp_,
    expand as _direct_expand,
    expm1 as _direct_expm1,
    expm1_ as _direct_expm1_,
    exponential_ as _direct_exponential_,
    eye as _direct_eye,
    fake_quantize_per_channel_affine as _direct_fake_quantize_per_channel_affine,
    fake_quantize_per_tensor_affine as _direct_fake_quantize_per_tensor_affine,
    fill_ as _direct_fill_,
    flatten as _direct_flatten,
    floor as _direct_floor,
    floor_ as _direct_floor_,
    floor_divide as _direct_floor_divide,
    floor_divide_ as _direct_floor_divide_,
    fmax as _direct_fmax,
    fmin as _direct_fmin,
    fmod as _direct_fmod,
    fmod_ as _direct_fmod_,
    frac as _direct_frac,
    frac_ as _direct_frac_,
    full as _direct_full,
    gather as _direct_gather,
    gcd as _direct_gcd,
    gcd_ as _direct_gcd_,
    ge as _direct_ge,
    ge_ as _direct_ge_,
    gelu as _direct_gelu,
    geometric_ as _direct_geometric_,
    group_norm as _direct_group_norm,
    gt as _direct_gt,
    gt_ as _direct_gt_,
    hardshrink as _direct_hardshrink,
    hardsigmoid as _direct_hardsigmoid,
    hardsigmoid_ as _direct_hardsigmoid_,
    hardswish as _direct_hardswish,
    hardswish_ as _direct_hardswish_,
    hardtanh as _direct_hardtanh,
    hardtanh_ as _direct_hardtanh_,
    heaviside as _direct_heaviside,
    heaviside_ as _direct_heaviside_,
    hermite_polynomial_h as _direct_hermite_polynomial_h,
    hermite_polynomial_he as _direct_hermite_polynomial_he,
    hypot as _direct_hypot,
    hypot_ as _direct_hypot_,
    i0 as _direct_i0,
    i0e as _direct_i0e,
    i1 as _direct_i1,
    i1e as _direct_i1e,
    igamma as _direct_igamma,
    igammac as _direct_igammac,
    imag as _direct_imag,
    index_add as _direct_index_add,
    index_select as _direct_index_select,
    isfinite as _direct_isfinite,
    isinf as _direct_isinf,
    isnan as _direct_isnan,
    isneginf as _direct_isneginf,
    isposinf as _direct_isposinf,
    laguerre_polynomial_l as _direct_laguerre_polynomial_l,
    layer_norm as _direct_layer_norm,
    lcm as _direct_lcm,
    lcm_ as _direct_lcm_,
    le as _direct_le,
    le_ as _direct_le_,
    leaky_relu as _direct_leaky_relu,
    leaky_relu_ as _direct_leaky_relu_,
    legendre_polynomial_p as _direct_legendre_polynomial_p,
    lerp as _direct_lerp,
    lerp_ as _direct_lerp_,
    lgamma as _direct_lgamma,
    lgamma_ as _direct_lgamma_,
    linear as _direct_linear,
    linspace as _direct_linspace,
    log as _direct_log,
    log10 as _direct_log10,
    log10_ as _direct_log10_,
    log1p as _direct_log1p,
    log1p_ as _direct_log1p_,
    log2 as _direct_log2,
    log2_ as _direct_log2_,
    log_ as _direct_log_,
    log_ndtr as _direct_log_ndtr,
    log_normal_ as _direct_log_normal_,
    log_softmax as _direct_log_softmax,
    logaddexp as _direct_logaddexp,
    logaddexp2 as _direct_logaddexp2,
    logcumsumexp as _direct_logcumsumexp,
    logical_and as _direct_logical_and,
    logical_and_ as _direct_logical_and_,
    logical_not as _direct_logical_not,
    logical_not_ as _direct_logical_not_,
    logical_or as _direct_logical_or,
    logical_or_ as _direct_logical_or_,
    logical_xor as _direct_logical_xor,
    logical_xor_ as _direct_logical_xor_,
    logit as _direct_logit,
    logit_ as _direct_logit_,
    logsigmoid as _direct_logsigmoid,
    logsumexp as _direct_logsumexp,
    lt as _direct_lt,
    lt_ as _direct_lt_,
    masked_fill as _direct_masked_fill,
    masked_fill_ as _direct_masked_fill_,
    matmul as _direct_matmul,
    matrix_exp as _direct_matrix_exp,
    maximum as _direct_maximum,
    mean as _direct_mean,
    minimum as _direct_minimum,
    mish as _direct_mish,
    mish_ as _direct_mish_,
    mm as _direct_mm,
    modified_bessel_k0 as _direct_modified_bessel_k0,
    modified_bessel_k1 as _direct_modified_bessel_k1,
    movedim as _direct_movedim,
    mul as _direct_mul,
    mul_ as _direct_mul_,
    mv as _direct_mv,
    narrow as _direct_narrow,
    native_layer_norm as _direct_native_layer_norm,
    ndtri as _direct_ndtri,
    ne as _direct_ne,
    ne_ as _direct_ne_,
    neg as _direct_neg,
    neg_ as _direct_neg_,
    nextafter as _direct_nextafter,
    nextafter_ as _direct_nextafter_,
    normal_ as _direct_normal_,
    outer as _direct_outer,
    permute as _direct_permute,
    poisson as _direct_poisson,
    polar as _direct_polar,
    pow as _direct_pow,
    pow_ as _direct_pow_,
    prelu as _direct_prelu,
    rad2deg as _direct_rad2deg,
    rad2deg_ as _direct_rad2deg_,
    real as _direct_real,
    reciprocal as _direct_reciprocal,
    reciprocal_ as _direct_reciprocal_,
    relu as _direct_relu,
    relu_ as _direct_relu_,
    remainder as _direct_remainder,
    remainder_ as _direct_remainder_,
    rms_norm as _direct_rms_norm,
    round as _direct_round,
    round_ as _direct_round_,
    rsqrt as _direct_rsqrt,
    rsqrt_ as _direct_rsqrt_,
    rsub as _direct_rsub,
    scaled_modified_bessel_k0 as _direct_scaled_modified_bessel_k0,
    scaled_modified_bessel_k1 as _direct_scaled_modified_bessel_k1,
    scatter_add as _direct_scatter_add,
    select as _direct_select,
    selu as _direct_selu,
    selu_ as _direct_selu_,
    sgn as _direct_sgn,
    shifted_chebyshev_polynomial_t as _direct_shifted_chebyshev_polynomial_t,
    shifted_chebyshev_polynomial_u as _direct_shifted_chebyshev_polynomial_u,
    shifted_chebyshev_polynomial_v as _direct_shifted_chebyshev_polynomial_v,
    shifted_chebyshev_polynomial_w as _direct_shifted_chebyshev_polynomial_w,
    sigmoid as _direct_sigmoid,
    sigmoid_ as _direct_sigmoid_,
    sign as _direct_sign,
    sign_ as _direct_sign_,
    signbit as _direct_signbit,
    silu as _direct_silu,
    silu_ as _direct_silu_,
    sin as _direct_sin,
    sin_ as _direct_sin_,
    sinc as _direct_sinc,
    sinc_ as _direct_sinc_,
    sinh as _direct_sinh,
    sinh_ as _direct_sinh_,
    softmax as _direct_softmax,
    softplus as _direct_softplus,
    softshrink as _direct_softshrink,
    spherical_bessel_j0 as _direct_spherical_bessel_j0,
    split_with_sizes as _direct_split_with_sizes,
    sqrt as _direct_sqrt,
    sqrt_ as _direct_sqrt_,
    square as _direct_square,
    square_ as _direct_square_,
    squeeze as _direct_squeeze,
    stack as _direct_stack,
    sub as _direct_sub,
    sub_ as _direct_sub_,
    sum as _direct_sum,
    t as _direct_t,
    tan as _direct_tan,
    tan_ as _direct_tan_,
    tanh as _direct_tanh,
    tanh_ as _direct_tanh_,
    threshold as _direct_threshold,
    threshold_ as _direct_threshold_,
    topk as _direct_topk,
    transpose as _direct_transpose,
    tril as _direct_tril,
    triu as _direct_triu,
    true_divide as _direct_true_divide,
    true_divide_ as _direct_true_divide_,
    trunc as _direct_trunc,
    trunc_ as _direct_trunc_,
    unbind as _direct_unbind,
    unfold as _direct_unfold,
    uniform_ as _direct_uniform_,
    unsqueeze as _direct_unsqueeze,
    view_as_complex as _direct_view_as_complex,
    view_as_real as _direct_view_as_real,
    xlogy as _direct_xlogy,
    xlogy_ as _direct_xlogy_,
    zero_ as _direct_zero_,
    zeta as _direct_zeta,
)
from torch._C import (
    _check_tensors, _core_drop, _device_id, _handles, _ints, _kind_of, _named_result, _new_tuple, _number, _operand,
    _raise, _wrap, _wrap_many, _wrap_named, _write_out,
)

_attention_result = _named_result("attention", ("out", "logsumexp",))
_choose_qparams_result = _named_result("choose_qparams", ("scale", "zero_point",))
_geqrf_result = _named_result("geqrf", ("a", "tau",))
_gru_result = _named_result("gru", ("output", "last_hidden",))
_gru_sequence_result = _named_result("gru_sequence", ("output", "last_hidden", "kept",))
_linalg_cholesky_result = _named_result("linalg_cholesky", ("L", "info",))
_linalg_det_result = _named_result("linalg_det", ("determinant", "LU", "pivots",))
_linalg_eig_result = _named_result("linalg_eig", ("eigenvalues", "eigenvectors",))
_linalg_eigh_result = _named_result("linalg_eigh", ("eigenvalues", "eigenvectors",))
_linalg_inv_result = _named_result("linalg_inv", ("inverse", "info",))
_linalg_lu_factor_ex_result = _named_result("linalg_lu_factor_ex", ("LU", "pivots", "info",))
_linalg_qr_result = _named_result("linalg_qr", ("Q", "R",))
_linalg_slogdet_result = _named_result("linalg_slogdet", ("sign", "logabsdet", "LU", "pivots",))
_linalg_solve_result = _named_result("linalg_solve", ("result", "info",))
_linalg_svd_result = _named_result("linalg_svd", ("U", "S", "Vh",))
_lstm_result = _named_result("lstm", ("output", "last_hidden", "last_cell",))
_lstm_sequence_result = _named_result("lstm_sequence", ("output", "last_hidden", "last_cell", "kept", "cells",))
_max_dim_result = _named_result("max", ("values", "indices",))
_max_pool2d_result = _named_result("max_pool2d", ("out", "indices",))
_min_dim_result = _named_result("min", ("values", "indices",))
_native_batch_norm_result = _named_result("native_batch_norm", ("out", "mean", "var",))
_recurrent_int8_result = _named_result("recurrent_int8", ("output", "last_hidden", "last_cell",))
_recurrent_network_int8_result = _named_result("recurrent_network_int8", ("output", "last_hidden", "last_cell",))
_rnn_result = _named_result("rnn", ("output", "last_hidden",))
_rnn_sequence_result = _named_result("rnn_sequence", ("output", "last_hidden",))
_sort_result = _named_result("sort", ("values", "indices",))
_std_mean_result = _named_result("std_mean", ("std", "mean",))
_var_mean_result = _named_result("var_mean", ("var", "mean",))
_cummax_result = _named_result("cummax", ("values", "indices",))
_cummin_result = _named_result("cummin", ("values", "indices",))
_native_layer_norm_result = _named_result("native_layer_norm", ("out", "mean", "rstd",))
_topk_result = _named_result("topk", ("values", "indices",))


def _adam_step_(input, grad, exp_avg, exp_avg_sq, max_exp_avg_sq, step, lr, beta1, beta2, eps, weight_decay, decoupled, maximize):
    "One Adam step of one parameter."
    result = _direct__adam_step_(input, grad, exp_avg, exp_avg_sq, max_exp_avg_sq, step, lr, beta1, beta2, eps, weight_decay, decoupled, maximize)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__adam_step_(input.h, grad.h, exp_avg.h, exp_avg_sq.h, 0 if max_exp_avg_sq is None else max_exp_avg_sq.h, step, lr, beta1, beta2, eps, weight_decay, decoupled, maximize))
    except AttributeError:
        _check_tensors("_adam_step_", [("input", 1, input), ("grad", 2, grad), ("exp_avg", 3, exp_avg), ("exp_avg_sq", 4, exp_avg_sq)])
        raise


def _adam_steps_(tensors, each, count, rate, step, lr, beta1, beta2, eps, weight_decay, decoupled, maximize):
    "One Adam step of many parameters of one dtype: for each the parameter, its gradient, both averages and, with five of them, the largest square. A `count` of steps on the GPU stands for `step`, a `rate` there for `lr`."
    result = _direct__adam_steps_(tensors, each, count, rate, step, lr, beta1, beta2, eps, weight_decay, decoupled, maximize)
    if result is not NotImplemented:
        return result
    return _wrap(_core__adam_steps_(_handles(tensors), each, 0 if count is None else count.h, 0 if rate is None else rate.h, step, lr, beta1, beta2, eps, weight_decay, decoupled, maximize))


def _adaptive_avg_pool2d(input, output_size):
    "Averages over as many windows as wanted."
    result = _direct__adaptive_avg_pool2d(input, output_size)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__adaptive_avg_pool2d(input.h, _ints(output_size)))
    except AttributeError:
        _check_tensors("_adaptive_avg_pool2d", [("input", 1, input)])
        raise


def _adaptive_avg_pool2d_int8(input, zero, output_size):
    "Averages of quantized numbers over as many windows as wanted; scale and zero point stay what they were."
    result = _direct__adaptive_avg_pool2d_int8(input, zero, output_size)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__adaptive_avg_pool2d_int8(input.h, zero, _ints(output_size)))
    except AttributeError:
        _check_tensors("_adaptive_avg_pool2d_int8", [("input", 1, input)])
        raise


def _add_int8(input, scale, zero, other, other_scale, other_zero, out_scale, out_zero, relu=False):
    "The sum of two tensors of quantized numbers, quantized by another scale."
    result = _direct__add_int8(input, scale, zero, other, other_scale, other_zero, out_scale, out_zero, relu)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__add_int8(input.h, scale, zero, other.h, other_scale, other_zero, out_scale, out_zero, relu))
    except AttributeError:
        _check_tensors("_add_int8", [("input", 1, input), ("other", 4, other)])
        raise


def _affine_int8(tensors, factor, addend, out_zero, relu=False):
    "Quantized images joined by their channels, each channel by a factor and with an addend: steps of the result."
    result = _direct__affine_int8(tensors, factor, addend, out_zero, relu)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__affine_int8(_handles(tensors), factor.h, addend.h, out_zero, relu))
    except AttributeError:
        _check_tensors("_affine_int8", [("factor", 2, factor), ("addend", 3, addend)])
        raise


def _alias(input):
    "The same tensor under another name."
    result = _direct__alias(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__alias(input.h))
    except AttributeError:
        _check_tensors("_alias", [("input", 1, input)])
        raise


def _attention(query, key, value, mask, scale, is_causal):
    "softmax(query key^T scale + mask) value over [B, H, T, D]."
    result = _direct__attention(query, key, value, mask, scale, is_causal)
    if result is not NotImplemented:
        return _new_tuple(_attention_result, result)
    try:
        return _wrap_named(_attention_result, _core__attention(query.h, key.h, value.h, 0 if mask is None else mask.h, scale, is_causal))
    except AttributeError:
        _check_tensors("_attention", [("query", 1, query), ("key", 2, key), ("value", 3, value)])
        raise


def _avg_pool2d_int8(input, zero, kernel_size, stride=(), padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    "The average of each window of quantized numbers; scale and zero point stay what they were."
    result = _direct__avg_pool2d_int8(input, zero, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__avg_pool2d_int8(input.h, zero, _ints(kernel_size), _ints(stride), _ints(padding), ceil_mode, count_include_pad, divisor_override))
    except AttributeError:
        _check_tensors("_avg_pool2d_int8", [("input", 1, input)])
        raise


def _bernoulli_(input, p, generator):
    "1 with probability p, else 0."
    result = _direct__bernoulli_(input, p, generator)
    if result is not NotImplemented:
        return result
    try:
        p_kind = _kind_of(type(p))
        p_value = p
        if p_kind is None:
            try:
                p_value, p_kind = p.h, 3
            except AttributeError:
                p_value, p_kind = _operand(p)
        h = _core__bernoulli_(input.h, p_value, p_kind, 0 if generator is None else generator.id)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("_bernoulli_", [("input", 0, input)])
        raise


def _binary_cross_entropy(input, target):
    "-(target * log(input) + (1 - target) * log(1 - input)), element by element."
    result = _direct__binary_cross_entropy(input, target)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__binary_cross_entropy(input.h, target.h))
    except AttributeError:
        _check_tensors("_binary_cross_entropy", [("input", 1, input), ("target", 2, target)])
        raise


def _bitwise_not_int(input):
    "All bits flipped."
    result = _direct__bitwise_not_int(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__bitwise_not_int(input.h))
    except AttributeError:
        _check_tensors("_bitwise_not_int", [("input", 1, input)])
        raise


def _bitwise_not_int_(input):
    "All bits flipped."
    result = _direct__bitwise_not_int_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core__bitwise_not_int_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("_bitwise_not_int_", [("input", 0, input)])
        raise


def _cast(input, dtype):
    "Convert to another dtype; the same dtype gives a copy."
    result = _direct__cast(input, dtype)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__cast(input.h, dtype.id))
    except AttributeError:
        _check_tensors("_cast", [("input", 1, input)])
        raise


def _cat_int8(tensors, tables, dim):
    "Joined along dim, each through its own row of 256 bytes: that is how they come to one scale. No tables: as they are."
    result = _direct__cat_int8(tensors, tables, dim)
    if result is not NotImplemented:
        return result
    return _wrap(_core__cat_int8(_handles(tensors), 0 if tables is None else tables.h, dim))


def _cholesky_inverse(L, upper):
    "The inverse of a matrix, from its Cholesky factor."
    result = _direct__cholesky_inverse(L, upper)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__cholesky_inverse(L.h, upper))
    except AttributeError:
        _check_tensors("_cholesky_inverse", [("L", 1, L)])
        raise


def _cholesky_solve(B, L, upper):
    "The solution of a linear equation, from the Cholesky factor of its matrix."
    result = _direct__cholesky_solve(B, L, upper)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__cholesky_solve(B.h, L.h, upper))
    except AttributeError:
        _check_tensors("_cholesky_solve", [("B", 1, B), ("L", 2, L)])
        raise


def _choose_qparams(input, quant_min=0, quant_max=255, onnx=False):
    "The scale and the zero point that hold all of input; by the rule of ONNX's DynamicQuantizeLinear where onnx says so."
    result = _direct__choose_qparams(input, quant_min, quant_max, onnx)
    if result is not NotImplemented:
        return _new_tuple(_choose_qparams_result, result)
    try:
        return _wrap_named(_choose_qparams_result, _core__choose_qparams(input.h, quant_min, quant_max, onnx))
    except AttributeError:
        _check_tensors("_choose_qparams", [("input", 1, input)])
        raise


def _conj(input):
    "The complex conjugate. Unlike PyTorch's it is computed at once."
    result = _direct__conj(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__conj(input.h))
    except AttributeError:
        _check_tensors("_conj", [("input", 1, input)])
        raise


def _contiguous(input):
    "A copy in row-major order."
    result = _direct__contiguous(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__contiguous(input.h))
    except AttributeError:
        _check_tensors("_contiguous", [("input", 1, input)])
        raise


def _conv1d(input, weight, bias, stride, padding, dilation, groups):
    "1-D convolution (cross-correlation) with numeric padding."
    result = _direct__conv1d(input, weight, bias, stride, padding, dilation, groups)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__conv1d(input.h, weight.h, 0 if bias is None else bias.h, _ints(stride), _ints(padding), _ints(dilation), groups))
    except AttributeError:
        _check_tensors("_conv1d", [("input", 1, input), ("weight", 2, weight)])
        raise


def _conv2d(input, weight, bias, stride, padding, dilation, groups):
    "2-D convolution (cross-correlation) with numeric padding."
    result = _direct__conv2d(input, weight, bias, stride, padding, dilation, groups)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__conv2d(input.h, weight.h, 0 if bias is None else bias.h, _ints(stride), _ints(padding), _ints(dilation), groups))
    except AttributeError:
        _check_tensors("_conv2d", [("input", 1, input), ("weight", 2, weight)])
        raise


def _conv2d_int8(input, x_scale, x_zero, weight, weight_scale, weight_zero, bias, stride, padding, dilation, groups, out_scale=None, out_zero=None, dtype=None, relu=False, other=None, other_scale=1, other_zero=0):
    "A 2-D convolution of uint8 or int8 activations and int8 weights, summed in int32; real or requantized, other codes added before."
    result = _direct__conv2d_int8(input, x_scale, x_zero, weight, weight_scale, weight_zero, bias, stride, padding, dilation, groups, out_scale, out_zero, dtype, relu, other, other_scale, other_zero)
    if result is not NotImplemented:
        return result
    try:
        x_scale_kind = _kind_of(type(x_scale))
        x_scale_value = x_scale
        if x_scale_kind is None:
            try:
                x_scale_value, x_scale_kind = x_scale.h, 3
            except AttributeError:
                x_scale_value, x_scale_kind = _operand(x_scale)
        x_zero_kind = _kind_of(type(x_zero))
        x_zero_value = x_zero
        if x_zero_kind is None:
            try:
                x_zero_value, x_zero_kind = x_zero.h, 3
            except AttributeError:
                x_zero_value, x_zero_kind = _operand(x_zero)
        out_scale_kind = _kind_of(type(out_scale))
        out_scale_value = out_scale
        if out_scale is None:
            out_scale_value, out_scale_kind = 0, -1
        elif out_scale_kind is None:
            try:
                out_scale_value, out_scale_kind = out_scale.h, 3
            except AttributeError:
                out_scale_value, out_scale_kind = _operand(out_scale)
        out_zero_kind = _kind_of(type(out_zero))
        out_zero_value = out_zero
        if out_zero is None:
            out_zero_value, out_zero_kind = 0, -1
        elif out_zero_kind is None:
            try:
                out_zero_value, out_zero_kind = out_zero.h, 3
            except AttributeError:
                out_zero_value, out_zero_kind = _operand(out_zero)
        return _wrap(_core__conv2d_int8(input.h, x_scale_value, x_scale_kind, x_zero_value, x_zero_kind, weight.h, weight_scale.h, 0 if weight_zero is None else weight_zero.h, 0 if bias is None else bias.h, _ints(stride), _ints(padding), _ints(dilation), groups, out_scale_value, out_scale_kind, out_zero_value, out_zero_kind, -1 if dtype is None else dtype.id, relu, 0 if other is None else other.h, other_scale, other_zero))
    except AttributeError:
        _check_tensors("_conv2d_int8", [("input", 1, input), ("weight", 4, weight), ("weight_scale", 5, weight_scale)])
        raise


def _conv2d_low_bit(input, weight, scale, zero, table, bias, format, group, size, stride, padding, dilation, groups):
    "A 2-D convolution of images [N, C, H, W] whose weight has few bits, one row for each of its filters; `size` is its shape."
    result = _direct__conv2d_low_bit(input, weight, scale, zero, table, bias, format, group, size, stride, padding, dilation, groups)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__conv2d_low_bit(input.h, weight.h, scale.h, 0 if zero is None else zero.h, 0 if table is None else table.h, 0 if bias is None else bias.h, format, group, _ints(size), _ints(stride), _ints(padding), _ints(dilation), groups))
    except AttributeError:
        _check_tensors("_conv2d_low_bit", [("input", 1, input), ("weight", 2, weight), ("scale", 3, scale)])
        raise


def _conv_transpose1d(input, weight, bias, stride, padding, output_padding, groups, dilation):
    "1-D transposed convolution."
    result = _direct__conv_transpose1d(input, weight, bias, stride, padding, output_padding, groups, dilation)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__conv_transpose1d(input.h, weight.h, 0 if bias is None else bias.h, _ints(stride), _ints(padding), _ints(output_padding), groups, _ints(dilation)))
    except AttributeError:
        _check_tensors("_conv_transpose1d", [("input", 1, input), ("weight", 2, weight)])
        raise


def _conv_transpose2d(input, weight, bias, stride, padding, output_padding, groups, dilation):
    "2-D transposed convolution."
    result = _direct__conv_transpose2d(input, weight, bias, stride, padding, output_padding, groups, dilation)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__conv_transpose2d(input.h, weight.h, 0 if bias is None else bias.h, _ints(stride), _ints(padding), _ints(output_padding), groups, _ints(dilation)))
    except AttributeError:
        _check_tensors("_conv_transpose2d", [("input", 1, input), ("weight", 2, weight)])
        raise


def _cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing, widen):
    "Cross entropy of logits with class numbers, classes in dim 1; `widen` keeps the loss in float32, as autocast does."
    result = _direct__cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing, widen)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__cross_entropy(input.h, target.h, 0 if weight is None else weight.h, ignore_index, reduction, label_smoothing, widen))
    except AttributeError:
        _check_tensors("_cross_entropy", [("input", 1, input), ("target", 2, target)])
        raise


def _dequantize_affine(input, scale, zero_point=None, axis=None, dtype=None):
    "(input - zero_point) * scale; float32 unless dtype says otherwise."
    result = _direct__dequantize_affine(input, scale, zero_point, axis, dtype)
    if result is not NotImplemented:
        return result
    try:
        scale_kind = _kind_of(type(scale))
        scale_value = scale
        if scale_kind is None:
            try:
                scale_value, scale_kind = scale.h, 3
            except AttributeError:
                scale_value, scale_kind = _operand(scale)
        zero_point_kind = _kind_of(type(zero_point))
        zero_point_value = zero_point
        if zero_point is None:
            zero_point_value, zero_point_kind = 0, -1
        elif zero_point_kind is None:
            try:
                zero_point_value, zero_point_kind = zero_point.h, 3
            except AttributeError:
                zero_point_value, zero_point_kind = _operand(zero_point)
        return _wrap(_core__dequantize_affine(input.h, scale_value, scale_kind, zero_point_value, zero_point_kind, axis, -1 if dtype is None else dtype.id))
    except AttributeError:
        _check_tensors("_dequantize_affine", [("input", 1, input)])
        raise


def _dequantize_low_bit(weight, scale, zero=None, table=None, format='int8', group=0, dtype=None):
    "The numbers that a weight of few bits stands for."
    result = _direct__dequantize_low_bit(weight, scale, zero, table, format, group, dtype)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__dequantize_low_bit(weight.h, scale.h, 0 if zero is None else zero.h, 0 if table is None else table.h, format, group, -1 if dtype is None else dtype.id))
    except AttributeError:
        _check_tensors("_dequantize_low_bit", [("weight", 1, weight), ("scale", 2, scale)])
        raise


def _diagonal_backward(dy, size, offset, dim1, dim2):
    "Zeros of the given size with dy on a diagonal."
    result = _direct__diagonal_backward(dy, size, offset, dim1, dim2)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__diagonal_backward(dy.h, _ints(size), offset, dim1, dim2))
    except AttributeError:
        _check_tensors("_diagonal_backward", [("dy", 1, dy)])
        raise


def _dirichlet_grad(x, alpha, total, *, out=None):
    "How an entry of a Dirichlet sample moves with its concentration, over 1 - x."
    if out is None:
        result = _direct__dirichlet_grad(x, alpha, total)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core__dirichlet_grad(x.h, alpha.h, total.h)))
        return _wrap(_core__dirichlet_grad(x.h, alpha.h, total.h))
    except AttributeError:
        _check_tensors("_dirichlet_grad", [("x", 1, x), ("alpha", 2, alpha), ("total", 3, total)])
        raise


def _div_rounded(input, other, *, rounding_mode):
    "input / other rounded to an integer: 'trunc' towards zero, 'floor' down."
    result = _direct__div_rounded(input, other, rounding_mode)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        return _wrap(_core__div_rounded(input.h, other_value, other_kind, rounding_mode))
    except AttributeError:
        _check_tensors("_div_rounded", [("input", 1, input)])
        raise


def _div_rounded_(input, other, *, rounding_mode):
    "input / other rounded to an integer: 'trunc' towards zero, 'floor' down."
    result = _direct__div_rounded_(input, other, rounding_mode)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core__div_rounded_(input.h, other_value, other_kind, rounding_mode)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("_div_rounded_", [("input", 0, input)])
        raise


def _dropout(input, p):
    "Elements zeroed with probability p, the rest scaled by 1 / (1 - p)."
    result = _direct__dropout(input, p)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__dropout(input.h, p))
    except AttributeError:
        _check_tensors("_dropout", [("input", 1, input)])
        raise


def _embedding(weight, indices, padding_idx):
    "Rows of weight, by index."
    result = _direct__embedding(weight, indices, padding_idx)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__embedding(weight.h, indices.h, padding_idx))
    except AttributeError:
        _check_tensors("_embedding", [("weight", 1, weight), ("indices", 2, indices)])
        raise


def _empty_like(input, dtype, device):
    "Uninitialised memory in the shape and memory order of input."
    result = _direct__empty_like(input, dtype, device)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__empty_like(input.h, -1 if dtype is None else dtype.id, -1 if device is None else _device_id(device)))
    except AttributeError:
        _check_tensors("_empty_like", [("input", 1, input)])
        raise


def _fake_quantize_learnable_per_channel_affine(input, scale, zero_point, axis, quant_min, quant_max, grad_factor=1.0, *, out=None):
    "Fake quantization whose scales and zero points, one per channel, are learned."
    if out is None:
        result = _direct__fake_quantize_learnable_per_channel_affine(input, scale, zero_point, axis, quant_min, quant_max, grad_factor)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core__fake_quantize_learnable_per_channel_affine(input.h, scale.h, zero_point.h, axis, quant_min, quant_max, grad_factor)))
        return _wrap(_core__fake_quantize_learnable_per_channel_affine(input.h, scale.h, zero_point.h, axis, quant_min, quant_max, grad_factor))
    except AttributeError:
        _check_tensors("_fake_quantize_learnable_per_channel_affine", [("input", 1, input), ("scale", 2, scale), ("zero_point", 3, zero_point)])
        raise


def _fake_quantize_learnable_per_tensor_affine(input, scale, zero_point, quant_min, quant_max, grad_factor=1.0, *, out=None):
    "Fake quantization whose scale and zero point are learned."
    if out is None:
        result = _direct__fake_quantize_learnable_per_tensor_affine(input, scale, zero_point, quant_min, quant_max, grad_factor)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core__fake_quantize_learnable_per_tensor_affine(input.h, scale.h, zero_point.h, quant_min, quant_max, grad_factor)))
        return _wrap(_core__fake_quantize_learnable_per_tensor_affine(input.h, scale.h, zero_point.h, quant_min, quant_max, grad_factor))
    except AttributeError:
        _check_tensors("_fake_quantize_learnable_per_tensor_affine", [("input", 1, input), ("scale", 2, scale), ("zero_point", 3, zero_point)])
        raise


def _fft_c2c(input, dim, inverse, scale):
    "The Fourier transform of complex numbers along dim, times a factor."
    result = _direct__fft_c2c(input, dim, inverse, scale)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__fft_c2c(input.h, dim, inverse, scale))
    except AttributeError:
        _check_tensors("_fft_c2c", [("input", 1, input)])
        raise


def _fft_c2r(input, dim, n, scale):
    "The inverse: n real numbers from the half of their transform, times a factor."
    result = _direct__fft_c2r(input, dim, n, scale)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__fft_c2r(input.h, dim, n, scale))
    except AttributeError:
        _check_tensors("_fft_c2r", [("input", 1, input)])
        raise


def _fft_r2c(input, dim, onesided, scale):
    "The Fourier transform of real numbers along dim, or the half of it that is not redundant, times a factor."
    result = _direct__fft_r2c(input, dim, onesided, scale)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__fft_r2c(input.h, dim, onesided, scale))
    except AttributeError:
        _check_tensors("_fft_r2c", [("input", 1, input)])
        raise


def _flip(input, dims):
    "The given dims in reverse order."
    result = _direct__flip(input, dims)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__flip(input.h, _ints(dims)))
    except AttributeError:
        _check_tensors("_flip", [("input", 1, input)])
        raise


def _geqrf(A):
    "Householder reflections below R, as LAPACK packs them."
    result = _direct__geqrf(A)
    if result is not NotImplemented:
        return _new_tuple(_geqrf_result, result)
    try:
        return _wrap_named(_geqrf_result, _core__geqrf(A.h))
    except AttributeError:
        _check_tensors("_geqrf", [("A", 1, A)])
        raise


def _get_rng_state(generator):
    "The generator's state as bytes, in PyTorch's layout."
    result = _direct__get_rng_state(generator)
    if result is not NotImplemented:
        return result
    return _wrap(_core__get_rng_state(0 if generator is None else generator.id))


def _gru(input, hidden, sizes, weights, has_biases=True, bidirectional=False, dropout=0.0, batch_first=False):
    "GRU layers on top of each other, over sequences [steps, batch, features], batch first, or packed with the sizes of steps."
    result = _direct__gru(input, hidden, sizes, weights, has_biases, bidirectional, dropout, batch_first)
    if result is not NotImplemented:
        return _new_tuple(_gru_result, result)
    try:
        return _wrap_named(_gru_result, _core__gru(input.h, 0 if hidden is None else hidden.h, -1 if sizes is None else _ints(sizes), _handles(weights), has_biases, bidirectional, dropout, batch_first))
    except AttributeError:
        _check_tensors("_gru", [("input", 1, input)])
        raise


def _gru_sequence(gates, hidden, weight, bias=None, sizes=None, reverse=False, by_sequence=False, keeps=False):
    "One GRU layer in one direction, from what its inputs give its gates; keeps says that a gradient will be wanted."
    result = _direct__gru_sequence(gates, hidden, weight, bias, sizes, reverse, by_sequence, keeps)
    if result is not NotImplemented:
        return _new_tuple(_gru_sequence_result, result)
    try:
        return _wrap_named(_gru_sequence_result, _core__gru_sequence(gates.h, hidden.h, weight.h, 0 if bias is None else bias.h, -1 if sizes is None else _ints(sizes), reverse, by_sequence, keeps))
    except AttributeError:
        _check_tensors("_gru_sequence", [("gates", 1, gates), ("hidden", 2, hidden), ("weight", 3, weight)])
        raise


def _householder_product(A, tau):
    "The first columns of a product of Householder reflections."
    result = _direct__householder_product(A, tau)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__householder_product(A.h, tau.h))
    except AttributeError:
        _check_tensors("_householder_product", [("A", 1, A), ("tau", 2, tau)])
        raise


def _index(input, indices):
    "Advanced indexing with tensors."
    try:
        return _wrap(_core__index(input.h, _handles(indices)))
    except AttributeError:
        _check_tensors("_index", [("input", 1, input)])
        raise


def _index_put_(input, indices, values, accumulate=False):
    "Write (or add) values at the indexed places."
    try:
        h = _core__index_put_(input.h, _handles(indices), values.h, accumulate)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("_index_put_", [("input", 0, input), ("values", 2, values)])
        raise


def _int_mm(input, mat2, *, out=None):
    "The product of a matrix of int8 or uint8 and one of int8, summed in int32."
    if out is None:
        result = _direct__int_mm(input, mat2)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core__int_mm(input.h, mat2.h)))
        return _wrap(_core__int_mm(input.h, mat2.h))
    except AttributeError:
        _check_tensors("_int_mm", [("input", 1, input), ("mat2", 2, mat2)])
        raise


def _linalg_cholesky(A, upper, check):
    "The Cholesky factor of each positive definite matrix."
    result = _direct__linalg_cholesky(A, upper, check)
    if result is not NotImplemented:
        return _new_tuple(_linalg_cholesky_result, result)
    try:
        return _wrap_named(_linalg_cholesky_result, _core__linalg_cholesky(A.h, upper, check))
    except AttributeError:
        _check_tensors("_linalg_cholesky", [("A", 1, A)])
        raise


def _linalg_det(A):
    "The determinant of each matrix."
    result = _direct__linalg_det(A)
    if result is not NotImplemented:
        return _new_tuple(_linalg_det_result, result)
    try:
        return _wrap_named(_linalg_det_result, _core__linalg_det(A.h))
    except AttributeError:
        _check_tensors("_linalg_det", [("A", 1, A)])
        raise


def _linalg_eig(A, compute_v):
    "Eigenvalues and eigenvectors (of norm 1, the largest component real) of square matrices; complex."
    result = _direct__linalg_eig(A, compute_v)
    if result is not NotImplemented:
        return _new_tuple(_linalg_eig_result, result)
    try:
        return _wrap_named(_linalg_eig_result, _core__linalg_eig(A.h, compute_v))
    except AttributeError:
        _check_tensors("_linalg_eig", [("A", 1, A)])
        raise


def _linalg_eigh(A, UPLO, compute_v):
    "Eigenvalues, ascending, and orthonormal eigenvectors of Hermitian matrices."
    result = _direct__linalg_eigh(A, UPLO, compute_v)
    if result is not NotImplemented:
        return _new_tuple(_linalg_eigh_result, result)
    try:
        return _wrap_named(_linalg_eigh_result, _core__linalg_eigh(A.h, UPLO, compute_v))
    except AttributeError:
        _check_tensors("_linalg_eigh", [("A", 1, A)])
        raise


def _linalg_inv(A, check):
    "The inverse of each matrix of a batch."
    result = _direct__linalg_inv(A, check)
    if result is not NotImplemented:
        return _new_tuple(_linalg_inv_result, result)
    try:
        return _wrap_named(_linalg_inv_result, _core__linalg_inv(A.h, check))
    except AttributeError:
        _check_tensors("_linalg_inv", [("A", 1, A)])
        raise


def _linalg_lu_factor_ex(A):
    "A = P L U, the triangles packed into one matrix."
    result = _direct__linalg_lu_factor_ex(A)
    if result is not NotImplemented:
        return _new_tuple(_linalg_lu_factor_ex_result, result)
    try:
        return _wrap_named(_linalg_lu_factor_ex_result, _core__linalg_lu_factor_ex(A.h))
    except AttributeError:
        _check_tensors("_linalg_lu_factor_ex", [("A", 1, A)])
        raise


def _linalg_lu_solve(LU, pivots, B, left, adjoint):
    "The solution of a linear equation whose matrix was factored by lu_factor."
    result = _direct__linalg_lu_solve(LU, pivots, B, left, adjoint)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__linalg_lu_solve(LU.h, pivots.h, B.h, left, adjoint))
    except AttributeError:
        _check_tensors("_linalg_lu_solve", [("LU", 1, LU), ("pivots", 2, pivots), ("B", 3, B)])
        raise


def _linalg_pinv(A, tolerance, hermitian):
    "The pseudo-inverse; singular values below the tolerance count as zero."
    result = _direct__linalg_pinv(A, tolerance, hermitian)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__linalg_pinv(A.h, tolerance.h, hermitian))
    except AttributeError:
        _check_tensors("_linalg_pinv", [("A", 1, A), ("tolerance", 2, tolerance)])
        raise


def _linalg_qr(A, mode):
    "A = Q R with orthonormal columns in Q and R upper triangular."
    result = _direct__linalg_qr(A, mode)
    if result is not NotImplemented:
        return _new_tuple(_linalg_qr_result, result)
    try:
        return _wrap_named(_linalg_qr_result, _core__linalg_qr(A.h, mode))
    except AttributeError:
        _check_tensors("_linalg_qr", [("A", 1, A)])
        raise


def _linalg_slogdet(A):
    "The sign and the logarithm of the magnitude of the determinant of each matrix."
    result = _direct__linalg_slogdet(A)
    if result is not NotImplemented:
        return _new_tuple(_linalg_slogdet_result, result)
    try:
        return _wrap_named(_linalg_slogdet_result, _core__linalg_slogdet(A.h))
    except AttributeError:
        _check_tensors("_linalg_slogdet", [("A", 1, A)])
        raise


def _linalg_solve(A, B, left, check):
    "The solution of A X = B, or X A = B."
    result = _direct__linalg_solve(A, B, left, check)
    if result is not NotImplemented:
        return _new_tuple(_linalg_solve_result, result)
    try:
        return _wrap_named(_linalg_solve_result, _core__linalg_solve(A.h, B.h, left, check))
    except AttributeError:
        _check_tensors("_linalg_solve", [("A", 1, A), ("B", 2, B)])
        raise


def _linalg_solve_triangular(A, B, upper, left=True, unitriangular=False):
    "The solution of A X = B (or X A = B) for triangular A."
    result = _direct__linalg_solve_triangular(A, B, upper, left, unitriangular)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__linalg_solve_triangular(A.h, B.h, upper, left, unitriangular))
    except AttributeError:
        _check_tensors("_linalg_solve_triangular", [("A", 1, A), ("B", 2, B)])
        raise


def _linalg_svd(A, full_matrices, compute_uv):
    "A = U diag(S) Vh with orthonormal columns in U and rows in Vh; S descending."
    result = _direct__linalg_svd(A, full_matrices, compute_uv)
    if result is not NotImplemented:
        return _new_tuple(_linalg_svd_result, result)
    try:
        return _wrap_named(_linalg_svd_result, _core__linalg_svd(A.h, full_matrices, compute_uv))
    except AttributeError:
        _check_tensors("_linalg_svd", [("A", 1, A)])
        raise


def _linalg_swap_rows(B, pivots, backwards):
    "Rows exchanged as pivots say."
    result = _direct__linalg_swap_rows(B, pivots, backwards)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__linalg_swap_rows(B.h, pivots.h, backwards))
    except AttributeError:
        _check_tensors("_linalg_swap_rows", [("B", 1, B), ("pivots", 2, pivots)])
        raise


def _linear_int8(input, x_scale, x_zero, weight, weight_scale, weight_zero=None, bias=None, out_scale=None, out_zero=None, dtype=None, relu=False, quant_min=0, quant_max=255):
    "A linear layer of uint8, int8 or float activations (rounded to quant_min to quant_max) and int8 weights; real or requantized."
    result = _direct__linear_int8(input, x_scale, x_zero, weight, weight_scale, weight_zero, bias, out_scale, out_zero, dtype, relu, quant_min, quant_max)
    if result is not NotImplemented:
        return result
    try:
        x_scale_kind = _kind_of(type(x_scale))
        x_scale_value = x_scale
        if x_scale_kind is None:
            try:
                x_scale_value, x_scale_kind = x_scale.h, 3
            except AttributeError:
                x_scale_value, x_scale_kind = _operand(x_scale)
        x_zero_kind = _kind_of(type(x_zero))
        x_zero_value = x_zero
        if x_zero_kind is None:
            try:
                x_zero_value, x_zero_kind = x_zero.h, 3
            except AttributeError:
                x_zero_value, x_zero_kind = _operand(x_zero)
        out_scale_kind = _kind_of(type(out_scale))
        out_scale_value = out_scale
        if out_scale is None:
            out_scale_value, out_scale_kind = 0, -1
        elif out_scale_kind is None:
            try:
                out_scale_value, out_scale_kind = out_scale.h, 3
            except AttributeError:
                out_scale_value, out_scale_kind = _operand(out_scale)
        out_zero_kind = _kind_of(type(out_zero))
        out_zero_value = out_zero
        if out_zero is None:
            out_zero_value, out_zero_kind = 0, -1
        elif out_zero_kind is None:
            try:
                out_zero_value, out_zero_kind = out_zero.h, 3
            except AttributeError:
                out_zero_value, out_zero_kind = _operand(out_zero)
        return _wrap(_core__linear_int8(input.h, x_scale_value, x_scale_kind, x_zero_value, x_zero_kind, weight.h, weight_scale.h, 0 if weight_zero is None else weight_zero.h, 0 if bias is None else bias.h, out_scale_value, out_scale_kind, out_zero_value, out_zero_kind, -1 if dtype is None else dtype.id, relu, quant_min, quant_max))
    except AttributeError:
        _check_tensors("_linear_int8", [("input", 1, input), ("weight", 4, weight), ("weight_scale", 5, weight_scale)])
        raise


def _linear_int8_dynamic(input, weight, weight_scale, bias=None, weight_zero=None, granularity='tensor', quant_max=255, relu=False, symmetric=False):
    "A linear layer of int8 weights whose activations are quantized on the fly: the whole tensor or each row by its own range."
    result = _direct__linear_int8_dynamic(input, weight, weight_scale, bias, weight_zero, granularity, quant_max, relu, symmetric)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__linear_int8_dynamic(input.h, weight.h, weight_scale.h, 0 if bias is None else bias.h, 0 if weight_zero is None else weight_zero.h, granularity, quant_max, relu, symmetric))
    except AttributeError:
        _check_tensors("_linear_int8_dynamic", [("input", 1, input), ("weight", 2, weight), ("weight_scale", 3, weight_scale)])
        raise


def _linear_int8_sums(input, x_zero, weight, weight_zero=None):
    "The sums of (input - x_zero) * (weight - weight_zero) in int32, of uint8 or int8 rows and an int8 weight."
    result = _direct__linear_int8_sums(input, x_zero, weight, weight_zero)
    if result is not NotImplemented:
        return result
    try:
        x_zero_kind = _kind_of(type(x_zero))
        x_zero_value = x_zero
        if x_zero_kind is None:
            try:
                x_zero_value, x_zero_kind = x_zero.h, 3
            except AttributeError:
                x_zero_value, x_zero_kind = _operand(x_zero)
        return _wrap(_core__linear_int8_sums(input.h, x_zero_value, x_zero_kind, weight.h, 0 if weight_zero is None else weight_zero.h))
    except AttributeError:
        _check_tensors("_linear_int8_sums", [("input", 1, input), ("weight", 3, weight)])
        raise


def _linear_low_bit(input, weight, scale, zero=None, table=None, bias=None, format='int8', group=0, activations='float'):
    "A linear layer whose weights have few bits; x may be rounded to int8 by runs of 128 (int4 weights) or to bfloat16."
    result = _direct__linear_low_bit(input, weight, scale, zero, table, bias, format, group, activations)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__linear_low_bit(input.h, weight.h, scale.h, 0 if zero is None else zero.h, 0 if table is None else table.h, 0 if bias is None else bias.h, format, group, activations))
    except AttributeError:
        _check_tensors("_linear_low_bit", [("input", 1, input), ("weight", 2, weight), ("scale", 3, scale)])
        raise


def _lstm(input, hidden, cell, sizes, weights, has_biases=True, bidirectional=False, dropout=0.0, batch_first=False):
    "LSTM layers on top of each other, over sequences [steps, batch, features], batch first, or packed with the sizes of steps."
    result = _direct__lstm(input, hidden, cell, sizes, weights, has_biases, bidirectional, dropout, batch_first)
    if result is not NotImplemented:
        return _new_tuple(_lstm_result, result)
    try:
        return _wrap_named(_lstm_result, _core__lstm(input.h, 0 if hidden is None else hidden.h, 0 if cell is None else cell.h, -1 if sizes is None else _ints(sizes), _handles(weights), has_biases, bidirectional, dropout, batch_first))
    except AttributeError:
        _check_tensors("_lstm", [("input", 1, input)])
        raise


def _lstm_sequence(gates, hidden, cell, weight, bias=None, sizes=None, reverse=False, by_sequence=False, keeps=False):
    "One LSTM layer in one direction, from what its inputs give its gates; keeps says that a gradient will be wanted."
    result = _direct__lstm_sequence(gates, hidden, cell, weight, bias, sizes, reverse, by_sequence, keeps)
    if result is not NotImplemented:
        return _new_tuple(_lstm_sequence_result, result)
    try:
        return _wrap_named(_lstm_sequence_result, _core__lstm_sequence(gates.h, hidden.h, cell.h, weight.h, 0 if bias is None else bias.h, -1 if sizes is None else _ints(sizes), reverse, by_sequence, keeps))
    except AttributeError:
        _check_tensors("_lstm_sequence", [("gates", 1, gates), ("hidden", 2, hidden), ("cell", 3, cell), ("weight", 4, weight)])
        raise


def _map_int8(input, table):
    "Any function of one quantized number: byte b becomes table[b], 256 bytes of the same dtype in the order of the bits."
    result = _direct__map_int8(input, table)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__map_int8(input.h, table.h))
    except AttributeError:
        _check_tensors("_map_int8", [("input", 1, input), ("table", 2, table)])
        raise


def _max_all(input):
    "The largest of all elements."
    result = _direct__max_all(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__max_all(input.h))
    except AttributeError:
        _check_tensors("_max_all", [("input", 1, input)])
        raise


def _max_dim(input, dim, keepdim=False):
    "The largest along dim, and where it is."
    result = _direct__max_dim(input, dim, keepdim)
    if result is not NotImplemented:
        return _new_tuple(_max_dim_result, result)
    try:
        return _wrap_named(_max_dim_result, _core__max_dim(input.h, dim, keepdim))
    except AttributeError:
        _check_tensors("_max_dim", [("input", 1, input)])
        raise


def _max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode):
    "The largest value of each window, and where it was."
    result = _direct__max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode)
    if result is not NotImplemented:
        return _new_tuple(_max_pool2d_result, result)
    try:
        return _wrap_named(_max_pool2d_result, _core__max_pool2d(input.h, _ints(kernel_size), _ints(stride), _ints(padding), _ints(dilation), ceil_mode))
    except AttributeError:
        _check_tensors("_max_pool2d", [("input", 1, input)])
        raise


def _max_pool2d_int8(input, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False):
    "The largest byte of each window; scale and zero point stay what they were."
    result = _direct__max_pool2d_int8(input, kernel_size, stride, padding, dilation, ceil_mode)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__max_pool2d_int8(input.h, _ints(kernel_size), _ints(stride), _ints(padding), _ints(dilation), ceil_mode))
    except AttributeError:
        _check_tensors("_max_pool2d_int8", [("input", 1, input)])
        raise


def _mean_int8(input, scale, zero, out_scale=None, out_zero=0):
    "The mean of each channel of an image of quantized numbers, [N, C, 1, 1]: in float32, or by another scale."
    result = _direct__mean_int8(input, scale, zero, out_scale, out_zero)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__mean_int8(input.h, scale, zero, out_scale, out_zero))
    except AttributeError:
        _check_tensors("_mean_int8", [("input", 1, input)])
        raise


def _min_all(input):
    "The smallest of all elements."
    result = _direct__min_all(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__min_all(input.h))
    except AttributeError:
        _check_tensors("_min_all", [("input", 1, input)])
        raise


def _min_dim(input, dim, keepdim=False):
    "The smallest along dim, and where it is."
    result = _direct__min_dim(input, dim, keepdim)
    if result is not NotImplemented:
        return _new_tuple(_min_dim_result, result)
    try:
        return _wrap_named(_min_dim_result, _core__min_dim(input.h, dim, keepdim))
    except AttributeError:
        _check_tensors("_min_dim", [("input", 1, input)])
        raise


def _mul_int8(input, scale, zero, other, other_scale, other_zero, out_scale, out_zero, relu=False):
    "The product of two tensors of quantized numbers, quantized by another scale."
    result = _direct__mul_int8(input, scale, zero, other, other_scale, other_zero, out_scale, out_zero, relu)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__mul_int8(input.h, scale, zero, other.h, other_scale, other_zero, out_scale, out_zero, relu))
    except AttributeError:
        _check_tensors("_mul_int8", [("input", 1, input), ("other", 4, other)])
        raise


def _multinomial_replaced(input, num_samples, generator):
    "Indices drawn by weight, with replacement, from each row."
    result = _direct__multinomial_replaced(input, num_samples, generator)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__multinomial_replaced(input.h, num_samples, 0 if generator is None else generator.id))
    except AttributeError:
        _check_tensors("_multinomial_replaced", [("input", 1, input)])
        raise


def _nan_to_num(input, nan, posinf, neginf):
    "NaN and infinities replaced."
    result = _direct__nan_to_num(input, nan, posinf, neginf)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__nan_to_num(input.h, nan, posinf, neginf))
    except AttributeError:
        _check_tensors("_nan_to_num", [("input", 1, input)])
        raise


def _nan_to_num_(input, nan, posinf, neginf):
    "NaN and infinities replaced."
    result = _direct__nan_to_num_(input, nan, posinf, neginf)
    if result is not NotImplemented:
        return result
    try:
        h = _core__nan_to_num_(input.h, nan, posinf, neginf)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("_nan_to_num_", [("input", 0, input)])
        raise


def _native_batch_norm(input, weight, bias, running_mean, running_var, training, eps):
    "Batch norm with the statistics that it used."
    result = _direct__native_batch_norm(input, weight, bias, running_mean, running_var, training, eps)
    if result is not NotImplemented:
        return _new_tuple(_native_batch_norm_result, result)
    try:
        return _wrap_named(_native_batch_norm_result, _core__native_batch_norm(input.h, 0 if weight is None else weight.h, 0 if bias is None else bias.h, 0 if running_mean is None else running_mean.h, 0 if running_var is None else running_var.h, training, eps))
    except AttributeError:
        _check_tensors("_native_batch_norm", [("input", 1, input)])
        raise


def _nll_loss(input, target, weight, ignore_index, reduction):
    "-weight[target] * input[target], reduced; input holds log-probabilities, classes in dim 1."
    result = _direct__nll_loss(input, target, weight, ignore_index, reduction)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__nll_loss(input.h, target.h, 0 if weight is None else weight.h, ignore_index, reduction))
    except AttributeError:
        _check_tensors("_nll_loss", [("input", 1, input), ("target", 2, target)])
        raise


def _nonzero(input):
    "The indices of nonzero elements, one row each."
    result = _direct__nonzero(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__nonzero(input.h))
    except AttributeError:
        _check_tensors("_nonzero", [("input", 1, input)])
        raise


def _norm1(input, dim, keepdim):
    "The sum of absolute values over dim."
    result = _direct__norm1(input, dim, keepdim)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__norm1(input.h, -1 if dim is None else _ints(dim), keepdim))
    except AttributeError:
        _check_tensors("_norm1", [("input", 1, input)])
        raise


def _norm2(input, dim, keepdim):
    "The square root of the sum of squares over dim."
    result = _direct__norm2(input, dim, keepdim)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__norm2(input.h, -1 if dim is None else _ints(dim), keepdim))
    except AttributeError:
        _check_tensors("_norm2", [("input", 1, input)])
        raise


def _pack_int4(codes):
    "Two numbers of 0 to 15 in each byte along the last dim, the first in the lower half."
    result = _direct__pack_int4(codes)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__pack_int4(codes.h))
    except AttributeError:
        _check_tensors("_pack_int4", [("codes", 1, codes)])
        raise


def _pin_memory(input):
    "A copy in memory that a GPU copies from by itself."
    result = _direct__pin_memory(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__pin_memory(input.h))
    except AttributeError:
        _check_tensors("_pin_memory", [("input", 1, input)])
        raise


def _polygamma(input, n):
    "The nth derivative of digamma."
    result = _direct__polygamma(input, n)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__polygamma(input.h, n))
    except AttributeError:
        _check_tensors("_polygamma", [("input", 1, input)])
        raise


def _prod(input, dim, keepdim, dtype):
    "The product over dim, or over all elements."
    result = _direct__prod(input, dim, keepdim, dtype)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__prod(input.h, dim, keepdim, -1 if dtype is None else dtype.id))
    except AttributeError:
        _check_tensors("_prod", [("input", 1, input)])
        raise


def _quantize_affine(input, scale, zero_point=None, axis=None, quant_min=-128, quant_max=127, dtype=None, divide=False):
    "Integers q with input = (q - zero_point) * scale, clamped to [quant_min, quant_max]; int8 unless dtype says other; divide as ONNX does."
    result = _direct__quantize_affine(input, scale, zero_point, axis, quant_min, quant_max, dtype, divide)
    if result is not NotImplemented:
        return result
    try:
        scale_kind = _kind_of(type(scale))
        scale_value = scale
        if scale_kind is None:
            try:
                scale_value, scale_kind = scale.h, 3
            except AttributeError:
                scale_value, scale_kind = _operand(scale)
        zero_point_kind = _kind_of(type(zero_point))
        zero_point_value = zero_point
        if zero_point is None:
            zero_point_value, zero_point_kind = 0, -1
        elif zero_point_kind is None:
            try:
                zero_point_value, zero_point_kind = zero_point.h, 3
            except AttributeError:
                zero_point_value, zero_point_kind = _operand(zero_point)
        return _wrap(_core__quantize_affine(input.h, scale_value, scale_kind, zero_point_value, zero_point_kind, axis, quant_min, quant_max, -1 if dtype is None else dtype.id, divide))
    except AttributeError:
        _check_tensors("_quantize_affine", [("input", 1, input)])
        raise


def _random_(input, low, high, generator):
    "Integers drawn evenly from [low, high)."
    result = _direct__random_(input, low, high, generator)
    if result is not NotImplemented:
        return result
    try:
        h = _core__random_(input.h, low, high, 0 if generator is None else generator.id)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("_random_", [("input", 0, input)])
        raise


def _random_full_(input, generator):
    "Integers drawn evenly from all that the dtype counts exactly."
    result = _direct__random_full_(input, generator)
    if result is not NotImplemented:
        return result
    try:
        h = _core__random_full_(input.h, 0 if generator is None else generator.id)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("_random_full_", [("input", 0, input)])
        raise


def _randperm(n, generator):
    "The numbers below n in random order."
    result = _direct__randperm(n, generator)
    if result is not NotImplemented:
        return result
    return _wrap(_core__randperm(n, 0 if generator is None else generator.id))


def _rdiv(input, other):
    "other / input."
    result = _direct__rdiv(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        if other_kind is None:
            other, other_kind = _number(other)
        return _wrap(_core__rdiv(input.h, other, other_kind))
    except AttributeError:
        _check_tensors("_rdiv", [("input", 1, input)])
        raise


def _recurrent_int8(mode, gates, hidden, cell, weight, weight_scale, bias=None, sizes=None, reverse=False, by_sequence=False, granularity='row', quant_min=0, quant_max=255, state_scale=None, state_zero=None):
    "One recurrent layer in one direction with an int8 weight of the state; mode is LSTM, GRU, RNN_TANH or RNN_RELU. States are rounded by row, as a whole tensor, or by a given state_scale; without cells last_cell is empty."
    result = _direct__recurrent_int8(mode, gates, hidden, cell, weight, weight_scale, bias, sizes, reverse, by_sequence, granularity, quant_min, quant_max, state_scale, state_zero)
    if result is not NotImplemented:
        return _new_tuple(_recurrent_int8_result, result)
    try:
        return _wrap_named(_recurrent_int8_result, _core__recurrent_int8(mode, gates.h, hidden.h, 0 if cell is None else cell.h, weight.h, weight_scale.h, 0 if bias is None else bias.h, -1 if sizes is None else _ints(sizes), reverse, by_sequence, granularity, quant_min, quant_max, 0 if state_scale is None else state_scale.h, 0 if state_zero is None else state_zero.h))
    except AttributeError:
        _check_tensors("_recurrent_int8", [("gates", 2, gates), ("hidden", 3, hidden), ("weight", 5, weight), ("weight_scale", 6, weight_scale)])
        raise


def _recurrent_network_int8(mode, input, hidden, cell, sizes, weights, has_biases=True, bidirectional=False, batch_first=False, granularity='row', quant_max=255):
    "Recurrent layers with int8 weights on top of each other, inputs and states rounded on the fly, over sequences [steps, batch, features], batch first, or packed with the sizes of steps. Weights: codes, scale and, with biases, bias of each layer's and direction's input and state in turn."
    result = _direct__recurrent_network_int8(mode, input, hidden, cell, sizes, weights, has_biases, bidirectional, batch_first, granularity, quant_max)
    if result is not NotImplemented:
        return _new_tuple(_recurrent_network_int8_result, result)
    try:
        return _wrap_named(_recurrent_network_int8_result, _core__recurrent_network_int8(mode, input.h, 0 if hidden is None else hidden.h, 0 if cell is None else cell.h, -1 if sizes is None else _ints(sizes), _handles(weights), has_biases, bidirectional, batch_first, granularity, quant_max))
    except AttributeError:
        _check_tensors("_recurrent_network_int8", [("input", 2, input)])
        raise


def _repeat(input, repeats):
    "The tensor tiled along each dim."
    result = _direct__repeat(input, repeats)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__repeat(input.h, _ints(repeats)))
    except AttributeError:
        _check_tensors("_repeat", [("input", 1, input)])
        raise


def _reshape(input, shape):
    "The same elements at another shape, copied only when they must be."
    result = _direct__reshape(input, shape)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__reshape(input.h, _ints(shape)))
    except AttributeError:
        _check_tensors("_reshape", [("input", 1, input)])
        raise


def _rfloordiv(input, other):
    "floor(other / input)."
    result = _direct__rfloordiv(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        if other_kind is None:
            other, other_kind = _number(other)
        return _wrap(_core__rfloordiv(input.h, other, other_kind))
    except AttributeError:
        _check_tensors("_rfloordiv", [("input", 1, input)])
        raise


def _rnn(input, hidden, sizes, weights, has_biases=True, bidirectional=False, dropout=0.0, batch_first=False, is_relu=False):
    "Plain recurrent layers on top of each other, over sequences [steps, batch, features], batch first, or packed with the sizes of steps."
    result = _direct__rnn(input, hidden, sizes, weights, has_biases, bidirectional, dropout, batch_first, is_relu)
    if result is not NotImplemented:
        return _new_tuple(_rnn_result, result)
    try:
        return _wrap_named(_rnn_result, _core__rnn(input.h, 0 if hidden is None else hidden.h, -1 if sizes is None else _ints(sizes), _handles(weights), has_biases, bidirectional, dropout, batch_first, is_relu))
    except AttributeError:
        _check_tensors("_rnn", [("input", 1, input)])
        raise


def _rnn_sequence(gates, hidden, weight, bias=None, sizes=None, reverse=False, by_sequence=False, is_relu=False):
    "One plain recurrent layer in one direction, from what its inputs give: h = tanh or relu (gates + weight h + bias)."
    result = _direct__rnn_sequence(gates, hidden, weight, bias, sizes, reverse, by_sequence, is_relu)
    if result is not NotImplemented:
        return _new_tuple(_rnn_sequence_result, result)
    try:
        return _wrap_named(_rnn_sequence_result, _core__rnn_sequence(gates.h, hidden.h, weight.h, 0 if bias is None else bias.h, -1 if sizes is None else _ints(sizes), reverse, by_sequence, is_relu))
    except AttributeError:
        _check_tensors("_rnn_sequence", [("gates", 1, gates), ("hidden", 2, hidden), ("weight", 3, weight)])
        raise


def _rpow(input, base):
    "base to the power of input."
    result = _direct__rpow(input, base)
    if result is not NotImplemented:
        return result
    try:
        base_kind = _kind_of(type(base))
        if base_kind is None:
            base, base_kind = _number(base)
        return _wrap(_core__rpow(input.h, base, base_kind))
    except AttributeError:
        _check_tensors("_rpow", [("input", 1, input)])
        raise


def _rremainder(input, other):
    "other % input."
    result = _direct__rremainder(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        if other_kind is None:
            other, other_kind = _number(other)
        return _wrap(_core__rremainder(input.h, other, other_kind))
    except AttributeError:
        _check_tensors("_rremainder", [("input", 1, input)])
        raise


def _sample_dirichlet(input, generator=None, *, out=None):
    "Points of the simplex drawn from Dirichlet distributions whose concentrations are the rows of input."
    if out is None:
        result = _direct__sample_dirichlet(input, generator)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core__sample_dirichlet(input.h, 0 if generator is None else generator.id)))
        return _wrap(_core__sample_dirichlet(input.h, 0 if generator is None else generator.id))
    except AttributeError:
        _check_tensors("_sample_dirichlet", [("input", 1, input)])
        raise


def _scale_all_(tensors, scale):
    "Multiplies each of many tensors by one number where it stands."
    result = _direct__scale_all_(tensors, scale)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__scale_all_(_handles(tensors), scale.h))
    except AttributeError:
        _check_tensors("_scale_all_", [("scale", 2, scale)])
        raise


def _scatter(input, dim, index, src):
    "input with src written at index."
    result = _direct__scatter(input, dim, index, src)
    if result is not NotImplemented:
        return result
    try:
        src_kind = _kind_of(type(src))
        src_value = src
        if src_kind is None:
            try:
                src_value, src_kind = src.h, 3
            except AttributeError:
                src_value, src_kind = _operand(src)
        return _wrap(_core__scatter(input.h, dim, index.h, src_value, src_kind))
    except AttributeError:
        _check_tensors("_scatter", [("input", 1, input), ("index", 3, index)])
        raise


def _scatter_reduce(input, dim, index, src, reduce):
    "input combined with src at index: 'multiply', 'amax', 'amin'."
    result = _direct__scatter_reduce(input, dim, index, src, reduce)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__scatter_reduce(input.h, dim, index.h, src.h, reduce))
    except AttributeError:
        _check_tensors("_scatter_reduce", [("input", 1, input), ("index", 3, index), ("src", 4, src)])
        raise


def _set_rng_state(state, generator):
    "Restore a state that get_rng_state gave."
    result = _direct__set_rng_state(state, generator)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__set_rng_state(state.h, 0 if generator is None else generator.id))
    except AttributeError:
        _check_tensors("_set_rng_state", [("state", 1, state)])
        raise


def _sgd_step_(input, grad, momentum_buffer, first, lr, momentum, dampening, weight_decay, nesterov, maximize):
    "One SGD step of one parameter; `first` fills the momentum buffer instead of blending into it."
    result = _direct__sgd_step_(input, grad, momentum_buffer, first, lr, momentum, dampening, weight_decay, nesterov, maximize)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__sgd_step_(input.h, grad.h, 0 if momentum_buffer is None else momentum_buffer.h, first, lr, momentum, dampening, weight_decay, nesterov, maximize))
    except AttributeError:
        _check_tensors("_sgd_step_", [("input", 1, input), ("grad", 2, grad)])
        raise


def _sgd_steps_(tensors, each, first, lr, momentum, dampening, weight_decay, nesterov, maximize):
    "One SGD step of many parameters: for each the parameter, its gradient and, with three of them, its momentum buffer."
    result = _direct__sgd_steps_(tensors, each, first, lr, momentum, dampening, weight_decay, nesterov, maximize)
    if result is not NotImplemented:
        return result
    return _wrap(_core__sgd_steps_(_handles(tensors), each, first, lr, momentum, dampening, weight_decay, nesterov, maximize))


def _slice(input, dim, start, length, step):
    "Every step-th of a range of one dim."
    result = _direct__slice(input, dim, start, length, step)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__slice(input.h, dim, start, length, step))
    except AttributeError:
        _check_tensors("_slice", [("input", 1, input)])
        raise


def _sort(input, dim, descending, stable):
    "Sorted along dim, and where each element came from."
    result = _direct__sort(input, dim, descending, stable)
    if result is not NotImplemented:
        return _new_tuple(_sort_result, result)
    try:
        return _wrap_named(_sort_result, _core__sort(input.h, dim, descending, stable))
    except AttributeError:
        _check_tensors("_sort", [("input", 1, input)])
        raise


def _split(input, split_size, dim=0):
    "Pieces of split_size along dim, the last one smaller where it must be."
    result = _direct__split(input, split_size, dim)
    if result is not NotImplemented:
        return result
    try:
        return _wrap_many(_core__split(input.h, split_size, dim))
    except AttributeError:
        _check_tensors("_split", [("input", 1, input)])
        raise


def _standard_gamma(input, generator=None, *, out=None):
    "Numbers drawn from gamma distributions of scale 1 and the given shapes."
    if out is None:
        result = _direct__standard_gamma(input, generator)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core__standard_gamma(input.h, 0 if generator is None else generator.id)))
        return _wrap(_core__standard_gamma(input.h, 0 if generator is None else generator.id))
    except AttributeError:
        _check_tensors("_standard_gamma", [("input", 1, input)])
        raise


def _standard_gamma_grad(input, output, *, out=None):
    "How a standard gamma sample moves with its shape, at the same quantile."
    if out is None:
        result = _direct__standard_gamma_grad(input, output)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core__standard_gamma_grad(input.h, output.h)))
        return _wrap(_core__standard_gamma_grad(input.h, output.h))
    except AttributeError:
        _check_tensors("_standard_gamma_grad", [("input", 1, input), ("output", 2, output)])
        raise


def _std_mean(input, dim, correction, keepdim):
    "Standard deviation (variance divided by n - correction) and mean over dim."
    result = _direct__std_mean(input, dim, correction, keepdim)
    if result is not NotImplemented:
        return _new_tuple(_std_mean_result, result)
    try:
        return _wrap_named(_std_mean_result, _core__std_mean(input.h, -1 if dim is None else _ints(dim), correction, keepdim))
    except AttributeError:
        _check_tensors("_std_mean", [("input", 1, input)])
        raise


def _to_device(input, device, non_blocking=False):
    "A copy on another device."
    result = _direct__to_device(input, device, non_blocking)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__to_device(input.h, -1 if device is None else _device_id(device), non_blocking))
    except AttributeError:
        _check_tensors("_to_device", [("input", 1, input)])
        raise


def _total_norm(tensors):
    "The 2-norm of tensors of one dtype, float32 or wider, as if they were one vector."
    result = _direct__total_norm(tensors)
    if result is not NotImplemented:
        return result
    return _wrap(_core__total_norm(_handles(tensors)))


def _unflatten(input, dim, sizes):
    "One dim split into several."
    result = _direct__unflatten(input, dim, sizes)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__unflatten(input.h, dim, _ints(sizes)))
    except AttributeError:
        _check_tensors("_unflatten", [("input", 1, input)])
        raise


def _unfold_backward(dy, input_size, dimension, size, step):
    "Sliding windows added back to where they came from."
    result = _direct__unfold_backward(dy, input_size, dimension, size, step)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__unfold_backward(dy.h, _ints(input_size), dimension, size, step))
    except AttributeError:
        _check_tensors("_unfold_backward", [("dy", 1, dy)])
        raise


def _unpack_int4(packed):
    "The numbers of 0 to 15 that _pack_int4 put into bytes."
    result = _direct__unpack_int4(packed)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__unpack_int4(packed.h))
    except AttributeError:
        _check_tensors("_unpack_int4", [("packed", 1, packed)])
        raise


def _var_mean(input, dim, correction, keepdim):
    "Variance (divided by n - correction) and mean over dim."
    result = _direct__var_mean(input, dim, correction, keepdim)
    if result is not NotImplemented:
        return _new_tuple(_var_mean_result, result)
    try:
        return _wrap_named(_var_mean_result, _core__var_mean(input.h, -1 if dim is None else _ints(dim), correction, keepdim))
    except AttributeError:
        _check_tensors("_var_mean", [("input", 1, input)])
        raise


def _view(input, size):
    "The same memory at another shape; an error when that would need a copy."
    result = _direct__view(input, size)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__view(input.h, _ints(size)))
    except AttributeError:
        _check_tensors("_view", [("input", 1, input)])
        raise


def _view_dtype(input, dtype):
    "The same bytes read as another dtype."
    result = _direct__view_dtype(input, dtype)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core__view_dtype(input.h, dtype.id))
    except AttributeError:
        _check_tensors("_view_dtype", [("input", 1, input)])
        raise


def _where(condition, input, other):
    "input where condition holds, other elsewhere."
    result = _direct__where(condition, input, other)
    if result is not NotImplemented:
        return result
    try:
        input_kind = _kind_of(type(input))
        input_value = input
        if input_kind is None:
            try:
                input_value, input_kind = input.h, 3
            except AttributeError:
                input_value, input_kind = _operand(input)
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        return _wrap(_core__where(condition.h, input_value, input_kind, other_value, other_kind))
    except AttributeError:
        _check_tensors("_where", [("condition", 1, condition)])
        raise


def abs(input, *, out=None):
    "The absolute value."
    if out is None:
        result = _direct_abs(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_abs(input.h)))
        return _wrap(_core_abs(input.h))
    except AttributeError:
        _check_tensors("abs", [("input", 1, input)])
        raise


def abs_(input):
    "The absolute value."
    result = _direct_abs_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_abs_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("abs_", [("input", 0, input)])
        raise


def acos(input, *, out=None):
    "The inverse cosine."
    if out is None:
        result = _direct_acos(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_acos(input.h)))
        return _wrap(_core_acos(input.h))
    except AttributeError:
        _check_tensors("acos", [("input", 1, input)])
        raise


def acos_(input):
    "The inverse cosine."
    result = _direct_acos_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_acos_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("acos_", [("input", 0, input)])
        raise


def acosh(input, *, out=None):
    "The inverse hyperbolic cosine."
    if out is None:
        result = _direct_acosh(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_acosh(input.h)))
        return _wrap(_core_acosh(input.h))
    except AttributeError:
        _check_tensors("acosh", [("input", 1, input)])
        raise


def acosh_(input):
    "The inverse hyperbolic cosine."
    result = _direct_acosh_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_acosh_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("acosh_", [("input", 0, input)])
        raise


def add(input, other, *, alpha=1, out=None):
    "input + alpha * other."
    if out is None:
        result = _direct_add(input, other, alpha)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        alpha_kind = _kind_of(type(alpha))
        if alpha_kind is None:
            alpha, alpha_kind = _number(alpha)
        if out is not None:
            return _write_out(out, _wrap(_core_add(input.h, other_value, other_kind, alpha, alpha_kind)))
        return _wrap(_core_add(input.h, other_value, other_kind, alpha, alpha_kind))
    except AttributeError:
        _check_tensors("add", [("input", 1, input)])
        raise


def add_(input, other, *, alpha=1):
    "input + alpha * other."
    result = _direct_add_(input, other, alpha)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        alpha_kind = _kind_of(type(alpha))
        if alpha_kind is None:
            alpha, alpha_kind = _number(alpha)
        h = _core_add_(input.h, other_value, other_kind, alpha, alpha_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("add_", [("input", 0, input)])
        raise


def addcdiv(input, tensor1, tensor2, *, value=1, out=None):
    "input + value * tensor1 / tensor2."
    if out is None:
        result = _direct_addcdiv(input, tensor1, tensor2, value)
        if result is not NotImplemented:
            return result
    try:
        value_kind = _kind_of(type(value))
        if value_kind is None:
            value, value_kind = _number(value)
        if out is not None:
            return _write_out(out, _wrap(_core_addcdiv(input.h, tensor1.h, tensor2.h, value, value_kind)))
        return _wrap(_core_addcdiv(input.h, tensor1.h, tensor2.h, value, value_kind))
    except AttributeError:
        _check_tensors("addcdiv", [("input", 1, input), ("tensor1", 2, tensor1), ("tensor2", 3, tensor2)])
        raise


def addcdiv_(input, tensor1, tensor2, *, value=1):
    "input + value * tensor1 / tensor2."
    result = _direct_addcdiv_(input, tensor1, tensor2, value)
    if result is not NotImplemented:
        return result
    try:
        value_kind = _kind_of(type(value))
        if value_kind is None:
            value, value_kind = _number(value)
        h = _core_addcdiv_(input.h, tensor1.h, tensor2.h, value, value_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("addcdiv_", [("input", 0, input), ("tensor1", 1, tensor1), ("tensor2", 2, tensor2)])
        raise


def addcmul(input, tensor1, tensor2, *, value=1, out=None):
    "input + value * tensor1 * tensor2."
    if out is None:
        result = _direct_addcmul(input, tensor1, tensor2, value)
        if result is not NotImplemented:
            return result
    try:
        value_kind = _kind_of(type(value))
        if value_kind is None:
            value, value_kind = _number(value)
        if out is not None:
            return _write_out(out, _wrap(_core_addcmul(input.h, tensor1.h, tensor2.h, value, value_kind)))
        return _wrap(_core_addcmul(input.h, tensor1.h, tensor2.h, value, value_kind))
    except AttributeError:
        _check_tensors("addcmul", [("input", 1, input), ("tensor1", 2, tensor1), ("tensor2", 3, tensor2)])
        raise


def addcmul_(input, tensor1, tensor2, *, value=1):
    "input + value * tensor1 * tensor2."
    result = _direct_addcmul_(input, tensor1, tensor2, value)
    if result is not NotImplemented:
        return result
    try:
        value_kind = _kind_of(type(value))
        if value_kind is None:
            value, value_kind = _number(value)
        h = _core_addcmul_(input.h, tensor1.h, tensor2.h, value, value_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("addcmul_", [("input", 0, input), ("tensor1", 1, tensor1), ("tensor2", 2, tensor2)])
        raise


def addmm(input, mat1, mat2, *, beta=1, alpha=1, out=None):
    "beta * input + alpha * (mat1 @ mat2)."
    if out is None:
        result = _direct_addmm(input, mat1, mat2, beta, alpha)
        if result is not NotImplemented:
            return result
    try:
        beta_kind = _kind_of(type(beta))
        if beta_kind is None:
            beta, beta_kind = _number(beta)
        alpha_kind = _kind_of(type(alpha))
        if alpha_kind is None:
            alpha, alpha_kind = _number(alpha)
        if out is not None:
            return _write_out(out, _wrap(_core_addmm(input.h, mat1.h, mat2.h, beta, beta_kind, alpha, alpha_kind)))
        return _wrap(_core_addmm(input.h, mat1.h, mat2.h, beta, beta_kind, alpha, alpha_kind))
    except AttributeError:
        _check_tensors("addmm", [("input", 1, input), ("mat1", 2, mat1), ("mat2", 3, mat2)])
        raise


def airy_ai(input, *, out=None):
    "The Airy function Ai."
    if out is None:
        result = _direct_airy_ai(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_airy_ai(input.h)))
        return _wrap(_core_airy_ai(input.h))
    except AttributeError:
        _check_tensors("airy_ai", [("input", 1, input)])
        raise


def all(input, dim=None, keepdim=False, *, axis=None, keepdims=None, out=None):
    "Are all elements nonzero?"
    if axis is not None:
        dim = axis
    if keepdims is not None:
        keepdim = keepdims
    if out is None:
        result = _direct_all(input, dim, keepdim)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_all(input.h, -1 if dim is None else _ints(dim), keepdim)))
        return _wrap(_core_all(input.h, -1 if dim is None else _ints(dim), keepdim))
    except AttributeError:
        _check_tensors("all", [("input", 1, input)])
        raise


def amax(input, dim=(), keepdim=False, *, axis=None, keepdims=None, out=None):
    "The largest over dim, or over all elements."
    if axis is not None:
        dim = axis
    if keepdims is not None:
        keepdim = keepdims
    if out is None:
        result = _direct_amax(input, dim, keepdim)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_amax(input.h, _ints(dim), keepdim)))
        return _wrap(_core_amax(input.h, _ints(dim), keepdim))
    except AttributeError:
        _check_tensors("amax", [("input", 1, input)])
        raise


def amin(input, dim=(), keepdim=False, *, axis=None, keepdims=None, out=None):
    "The smallest over dim, or over all elements."
    if axis is not None:
        dim = axis
    if keepdims is not None:
        keepdim = keepdims
    if out is None:
        result = _direct_amin(input, dim, keepdim)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_amin(input.h, _ints(dim), keepdim)))
        return _wrap(_core_amin(input.h, _ints(dim), keepdim))
    except AttributeError:
        _check_tensors("amin", [("input", 1, input)])
        raise


def angle(input, *, out=None):
    "The angle to the positive real axis, in radians."
    if out is None:
        result = _direct_angle(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_angle(input.h)))
        return _wrap(_core_angle(input.h))
    except AttributeError:
        _check_tensors("angle", [("input", 1, input)])
        raise


def any(input, dim=None, keepdim=False, *, axis=None, keepdims=None, out=None):
    "Is any element nonzero?"
    if axis is not None:
        dim = axis
    if keepdims is not None:
        keepdim = keepdims
    if out is None:
        result = _direct_any(input, dim, keepdim)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_any(input.h, -1 if dim is None else _ints(dim), keepdim)))
        return _wrap(_core_any(input.h, -1 if dim is None else _ints(dim), keepdim))
    except AttributeError:
        _check_tensors("any", [("input", 1, input)])
        raise


def arange(start, end, step, dtype, device):
    "Numbers from start up to, not including, end."
    result = _direct_arange(start, end, step, dtype, device)
    if result is not NotImplemented:
        return result
    return _wrap(_core_arange(start, end, step, dtype.id, -1 if device is None else _device_id(device)))


def argmax(input, dim=None, keepdim=False, *, axis=None, keepdims=None, out=None):
    "Where the largest is, along dim or in the flattened input."
    if axis is not None:
        dim = axis
    if keepdims is not None:
        keepdim = keepdims
    if out is None:
        result = _direct_argmax(input, dim, keepdim)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_argmax(input.h, dim, keepdim)))
        return _wrap(_core_argmax(input.h, dim, keepdim))
    except AttributeError:
        _check_tensors("argmax", [("input", 1, input)])
        raise


def argmin(input, dim=None, keepdim=False, *, axis=None, keepdims=None, out=None):
    "Where the smallest is, along dim or in the flattened input."
    if axis is not None:
        dim = axis
    if keepdims is not None:
        keepdim = keepdims
    if out is None:
        result = _direct_argmin(input, dim, keepdim)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_argmin(input.h, dim, keepdim)))
        return _wrap(_core_argmin(input.h, dim, keepdim))
    except AttributeError:
        _check_tensors("argmin", [("input", 1, input)])
        raise


def as_strided(input, size, stride, storage_offset=None):
    "Any shape and strides over the storage."
    result = _direct_as_strided(input, size, stride, storage_offset)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_as_strided(input.h, _ints(size), _ints(stride), storage_offset))
    except AttributeError:
        _check_tensors("as_strided", [("input", 1, input)])
        raise


def asin(input, *, out=None):
    "The inverse sine."
    if out is None:
        result = _direct_asin(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_asin(input.h)))
        return _wrap(_core_asin(input.h))
    except AttributeError:
        _check_tensors("asin", [("input", 1, input)])
        raise


def asin_(input):
    "The inverse sine."
    result = _direct_asin_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_asin_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("asin_", [("input", 0, input)])
        raise


def asinh(input, *, out=None):
    "The inverse hyperbolic sine."
    if out is None:
        result = _direct_asinh(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_asinh(input.h)))
        return _wrap(_core_asinh(input.h))
    except AttributeError:
        _check_tensors("asinh", [("input", 1, input)])
        raise


def asinh_(input):
    "The inverse hyperbolic sine."
    result = _direct_asinh_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_asinh_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("asinh_", [("input", 0, input)])
        raise


def atan(input, *, out=None):
    "The inverse tangent."
    if out is None:
        result = _direct_atan(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_atan(input.h)))
        return _wrap(_core_atan(input.h))
    except AttributeError:
        _check_tensors("atan", [("input", 1, input)])
        raise


def atan2(input, other, *, out=None):
    "The angle of (other, input)."
    if out is None:
        result = _direct_atan2(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_atan2(input.h, other.h)))
        return _wrap(_core_atan2(input.h, other.h))
    except AttributeError:
        _check_tensors("atan2", [("input", 1, input), ("other", 2, other)])
        raise


def atan2_(input, other):
    "The angle of (other, input)."
    result = _direct_atan2_(input, other)
    if result is not NotImplemented:
        return result
    try:
        h = _core_atan2_(input.h, other.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("atan2_", [("input", 0, input), ("other", 1, other)])
        raise


def atan_(input):
    "The inverse tangent."
    result = _direct_atan_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_atan_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("atan_", [("input", 0, input)])
        raise


def atanh(input, *, out=None):
    "The inverse hyperbolic tangent."
    if out is None:
        result = _direct_atanh(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_atanh(input.h)))
        return _wrap(_core_atanh(input.h))
    except AttributeError:
        _check_tensors("atanh", [("input", 1, input)])
        raise


def atanh_(input):
    "The inverse hyperbolic tangent."
    result = _direct_atanh_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_atanh_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("atanh_", [("input", 0, input)])
        raise


def avg_pool1d(input, kernel_size, stride=(), padding=0, ceil_mode=False, count_include_pad=True):
    "The average of each window of the last dim."
    result = _direct_avg_pool1d(input, kernel_size, stride, padding, ceil_mode, count_include_pad)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_avg_pool1d(input.h, _ints(kernel_size), _ints(stride), _ints(padding), ceil_mode, count_include_pad))
    except AttributeError:
        _check_tensors("avg_pool1d", [("input", 1, input)])
        raise


def avg_pool2d(input, kernel_size, stride=(), padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    "The average of each window."
    result = _direct_avg_pool2d(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_avg_pool2d(input.h, _ints(kernel_size), _ints(stride), _ints(padding), ceil_mode, count_include_pad, divisor_override))
    except AttributeError:
        _check_tensors("avg_pool2d", [("input", 1, input)])
        raise


def baddbmm(input, batch1, batch2, *, beta=1, alpha=1, out=None):
    "beta * input + alpha * (batch1 @ batch2), in batches."
    if out is None:
        result = _direct_baddbmm(input, batch1, batch2, beta, alpha)
        if result is not NotImplemented:
            return result
    try:
        beta_kind = _kind_of(type(beta))
        if beta_kind is None:
            beta, beta_kind = _number(beta)
        alpha_kind = _kind_of(type(alpha))
        if alpha_kind is None:
            alpha, alpha_kind = _number(alpha)
        if out is not None:
            return _write_out(out, _wrap(_core_baddbmm(input.h, batch1.h, batch2.h, beta, beta_kind, alpha, alpha_kind)))
        return _wrap(_core_baddbmm(input.h, batch1.h, batch2.h, beta, beta_kind, alpha, alpha_kind))
    except AttributeError:
        _check_tensors("baddbmm", [("input", 1, input), ("batch1", 2, batch1), ("batch2", 3, batch2)])
        raise


def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05):
    "Each channel brought to mean 0 and variance 1, over the batch in training, by running statistics otherwise."
    result = _direct_batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_batch_norm(input.h, 0 if running_mean is None else running_mean.h, 0 if running_var is None else running_var.h, 0 if weight is None else weight.h, 0 if bias is None else bias.h, training, momentum, eps))
    except AttributeError:
        _check_tensors("batch_norm", [("input", 1, input)])
        raise


def bessel_j0(input, *, out=None):
    "The Bessel function of the first kind, of order 0."
    if out is None:
        result = _direct_bessel_j0(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_bessel_j0(input.h)))
        return _wrap(_core_bessel_j0(input.h))
    except AttributeError:
        _check_tensors("bessel_j0", [("input", 1, input)])
        raise


def bessel_j1(input, *, out=None):
    "The Bessel function of the first kind, of order 1."
    if out is None:
        result = _direct_bessel_j1(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_bessel_j1(input.h)))
        return _wrap(_core_bessel_j1(input.h))
    except AttributeError:
        _check_tensors("bessel_j1", [("input", 1, input)])
        raise


def bessel_y0(input, *, out=None):
    "The Bessel function of the second kind, of order 0."
    if out is None:
        result = _direct_bessel_y0(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_bessel_y0(input.h)))
        return _wrap(_core_bessel_y0(input.h))
    except AttributeError:
        _check_tensors("bessel_y0", [("input", 1, input)])
        raise


def bessel_y1(input, *, out=None):
    "The Bessel function of the second kind, of order 1."
    if out is None:
        result = _direct_bessel_y1(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_bessel_y1(input.h)))
        return _wrap(_core_bessel_y1(input.h))
    except AttributeError:
        _check_tensors("bessel_y1", [("input", 1, input)])
        raise


def binomial(count, prob, generator=None, *, out=None):
    "How many of count trials succeed, each with probability prob."
    if out is None:
        result = _direct_binomial(count, prob, generator)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_binomial(count.h, prob.h, 0 if generator is None else generator.id)))
        return _wrap(_core_binomial(count.h, prob.h, 0 if generator is None else generator.id))
    except AttributeError:
        _check_tensors("binomial", [("count", 1, count), ("prob", 2, prob)])
        raise


def bitwise_and(input, other, *, out=None):
    "Bits set in both; `&`."
    if out is None:
        result = _direct_bitwise_and(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_bitwise_and(input.h, other_value, other_kind)))
        return _wrap(_core_bitwise_and(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("bitwise_and", [("input", 1, input)])
        raise


def bitwise_and_(input, other):
    "Bits set in both; `&`."
    result = _direct_bitwise_and_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_bitwise_and_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("bitwise_and_", [("input", 0, input)])
        raise


def bitwise_left_shift(input, other, *, out=None):
    "Bits moved up; `<<`."
    if out is None:
        result = _direct_bitwise_left_shift(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_bitwise_left_shift(input.h, other_value, other_kind)))
        return _wrap(_core_bitwise_left_shift(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("bitwise_left_shift", [("input", 1, input)])
        raise


def bitwise_left_shift_(input, other):
    "Bits moved up; `<<`."
    result = _direct_bitwise_left_shift_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_bitwise_left_shift_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("bitwise_left_shift_", [("input", 0, input)])
        raise


def bitwise_or(input, other, *, out=None):
    "Bits set in either; `|`."
    if out is None:
        result = _direct_bitwise_or(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_bitwise_or(input.h, other_value, other_kind)))
        return _wrap(_core_bitwise_or(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("bitwise_or", [("input", 1, input)])
        raise


def bitwise_or_(input, other):
    "Bits set in either; `|`."
    result = _direct_bitwise_or_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_bitwise_or_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("bitwise_or_", [("input", 0, input)])
        raise


def bitwise_right_shift(input, other, *, out=None):
    "Bits moved down; `>>`."
    if out is None:
        result = _direct_bitwise_right_shift(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_bitwise_right_shift(input.h, other_value, other_kind)))
        return _wrap(_core_bitwise_right_shift(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("bitwise_right_shift", [("input", 1, input)])
        raise


def bitwise_right_shift_(input, other):
    "Bits moved down; `>>`."
    result = _direct_bitwise_right_shift_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_bitwise_right_shift_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("bitwise_right_shift_", [("input", 0, input)])
        raise


def bitwise_xor(input, other, *, out=None):
    "Bits set in exactly one; `^`."
    if out is None:
        result = _direct_bitwise_xor(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_bitwise_xor(input.h, other_value, other_kind)))
        return _wrap(_core_bitwise_xor(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("bitwise_xor", [("input", 1, input)])
        raise


def bitwise_xor_(input, other):
    "Bits set in exactly one; `^`."
    result = _direct_bitwise_xor_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_bitwise_xor_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("bitwise_xor_", [("input", 0, input)])
        raise


def bmm(input, mat2, *, out=None):
    "Products of two batches of matrices."
    if out is None:
        result = _direct_bmm(input, mat2)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_bmm(input.h, mat2.h)))
        return _wrap(_core_bmm(input.h, mat2.h))
    except AttributeError:
        _check_tensors("bmm", [("input", 1, input), ("mat2", 2, mat2)])
        raise


def cat(tensors, dim=0, *, axis=None, out=None):
    "Tensors joined along an existing dim."
    if axis is not None:
        dim = axis
    if out is None:
        result = _direct_cat(tensors, dim)
        if result is not NotImplemented:
            return result
    if out is not None:
        return _write_out(out, _wrap(_core_cat(_handles(tensors), dim)))
    return _wrap(_core_cat(_handles(tensors), dim))


def cauchy_(input, median=0.0, sigma=1.0, *, generator=None):
    "Numbers drawn from the Cauchy distribution."
    result = _direct_cauchy_(input, median, sigma, generator)
    if result is not NotImplemented:
        return result
    try:
        h = _core_cauchy_(input.h, median, sigma, 0 if generator is None else generator.id)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("cauchy_", [("input", 0, input)])
        raise


def ceil(input, *, out=None):
    "Rounded up."
    if out is None:
        result = _direct_ceil(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_ceil(input.h)))
        return _wrap(_core_ceil(input.h))
    except AttributeError:
        _check_tensors("ceil", [("input", 1, input)])
        raise


def ceil_(input):
    "Rounded up."
    result = _direct_ceil_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_ceil_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("ceil_", [("input", 0, input)])
        raise


def celu(input, alpha=1.0, *, out=None):
    "ELU, continuously differentiable for every alpha."
    if out is None:
        result = _direct_celu(input, alpha)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_celu(input.h, alpha)))
        return _wrap(_core_celu(input.h, alpha))
    except AttributeError:
        _check_tensors("celu", [("input", 1, input)])
        raise


def celu_(input, alpha=1.0):
    "ELU, continuously differentiable for every alpha."
    result = _direct_celu_(input, alpha)
    if result is not NotImplemented:
        return result
    try:
        h = _core_celu_(input.h, alpha)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("celu_", [("input", 0, input)])
        raise


def chebyshev_polynomial_t(input, n, *, out=None):
    "The chebyshev polynomial t of degree n."
    if out is None:
        result = _direct_chebyshev_polynomial_t(input, n)
        if result is not NotImplemented:
            return result
    try:
        n_kind = _kind_of(type(n))
        n_value = n
        if n_kind is None:
            try:
                n_value, n_kind = n.h, 3
            except AttributeError:
                n_value, n_kind = _operand(n)
        if out is not None:
            return _write_out(out, _wrap(_core_chebyshev_polynomial_t(input.h, n_value, n_kind)))
        return _wrap(_core_chebyshev_polynomial_t(input.h, n_value, n_kind))
    except AttributeError:
        _check_tensors("chebyshev_polynomial_t", [("input", 1, input)])
        raise


def chebyshev_polynomial_u(input, n, *, out=None):
    "The chebyshev polynomial u of degree n."
    if out is None:
        result = _direct_chebyshev_polynomial_u(input, n)
        if result is not NotImplemented:
            return result
    try:
        n_kind = _kind_of(type(n))
        n_value = n
        if n_kind is None:
            try:
                n_value, n_kind = n.h, 3
            except AttributeError:
                n_value, n_kind = _operand(n)
        if out is not None:
            return _write_out(out, _wrap(_core_chebyshev_polynomial_u(input.h, n_value, n_kind)))
        return _wrap(_core_chebyshev_polynomial_u(input.h, n_value, n_kind))
    except AttributeError:
        _check_tensors("chebyshev_polynomial_u", [("input", 1, input)])
        raise


def chebyshev_polynomial_v(input, n, *, out=None):
    "The chebyshev polynomial v of degree n."
    if out is None:
        result = _direct_chebyshev_polynomial_v(input, n)
        if result is not NotImplemented:
            return result
    try:
        n_kind = _kind_of(type(n))
        n_value = n
        if n_kind is None:
            try:
                n_value, n_kind = n.h, 3
            except AttributeError:
                n_value, n_kind = _operand(n)
        if out is not None:
            return _write_out(out, _wrap(_core_chebyshev_polynomial_v(input.h, n_value, n_kind)))
        return _wrap(_core_chebyshev_polynomial_v(input.h, n_value, n_kind))
    except AttributeError:
        _check_tensors("chebyshev_polynomial_v", [("input", 1, input)])
        raise


def chebyshev_polynomial_w(input, n, *, out=None):
    "The chebyshev polynomial w of degree n."
    if out is None:
        result = _direct_chebyshev_polynomial_w(input, n)
        if result is not NotImplemented:
            return result
    try:
        n_kind = _kind_of(type(n))
        n_value = n
        if n_kind is None:
            try:
                n_value, n_kind = n.h, 3
            except AttributeError:
                n_value, n_kind = _operand(n)
        if out is not None:
            return _write_out(out, _wrap(_core_chebyshev_polynomial_w(input.h, n_value, n_kind)))
        return _wrap(_core_chebyshev_polynomial_w(input.h, n_value, n_kind))
    except AttributeError:
        _check_tensors("chebyshev_polynomial_w", [("input", 1, input)])
        raise


def chunk(input, chunks, dim=0, *, axis=None):
    "At most `chunks` pieces of equal size along dim."
    if axis is not None:
        dim = axis
    result = _direct_chunk(input, chunks, dim)
    if result is not NotImplemented:
        return result
    try:
        return _wrap_many(_core_chunk(input.h, chunks, dim))
    except AttributeError:
        _check_tensors("chunk", [("input", 1, input)])
        raise


def clamp(input, min=None, max=None, *, out=None):
    "input limited to [min, max]."
    if out is None:
        result = _direct_clamp(input, min, max)
        if result is not NotImplemented:
            return result
    try:
        min_kind = _kind_of(type(min))
        min_value = min
        if min is None:
            min_value, min_kind = 0, -1
        elif min_kind is None:
            try:
                min_value, min_kind = min.h, 3
            except AttributeError:
                min_value, min_kind = _operand(min)
        max_kind = _kind_of(type(max))
        max_value = max
        if max is None:
            max_value, max_kind = 0, -1
        elif max_kind is None:
            try:
                max_value, max_kind = max.h, 3
            except AttributeError:
                max_value, max_kind = _operand(max)
        if out is not None:
            return _write_out(out, _wrap(_core_clamp(input.h, min_value, min_kind, max_value, max_kind)))
        return _wrap(_core_clamp(input.h, min_value, min_kind, max_value, max_kind))
    except AttributeError:
        _check_tensors("clamp", [("input", 1, input)])
        raise


def clamp_(input, min=None, max=None):
    "input limited to [min, max]."
    result = _direct_clamp_(input, min, max)
    if result is not NotImplemented:
        return result
    try:
        min_kind = _kind_of(type(min))
        min_value = min
        if min is None:
            min_value, min_kind = 0, -1
        elif min_kind is None:
            try:
                min_value, min_kind = min.h, 3
            except AttributeError:
                min_value, min_kind = _operand(min)
        max_kind = _kind_of(type(max))
        max_value = max
        if max is None:
            max_value, max_kind = 0, -1
        elif max_kind is None:
            try:
                max_value, max_kind = max.h, 3
            except AttributeError:
                max_value, max_kind = _operand(max)
        h = _core_clamp_(input.h, min_value, min_kind, max_value, max_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("clamp_", [("input", 0, input)])
        raise


def clamp_max(input, max, *, out=None):
    "input, at most max."
    if out is None:
        result = _direct_clamp_max(input, max)
        if result is not NotImplemented:
            return result
    try:
        max_kind = _kind_of(type(max))
        max_value = max
        if max_kind is None:
            try:
                max_value, max_kind = max.h, 3
            except AttributeError:
                max_value, max_kind = _operand(max)
        if out is not None:
            return _write_out(out, _wrap(_core_clamp_max(input.h, max_value, max_kind)))
        return _wrap(_core_clamp_max(input.h, max_value, max_kind))
    except AttributeError:
        _check_tensors("clamp_max", [("input", 1, input)])
        raise


def clamp_max_(input, max):
    "input, at most max."
    result = _direct_clamp_max_(input, max)
    if result is not NotImplemented:
        return result
    try:
        max_kind = _kind_of(type(max))
        max_value = max
        if max_kind is None:
            try:
                max_value, max_kind = max.h, 3
            except AttributeError:
                max_value, max_kind = _operand(max)
        h = _core_clamp_max_(input.h, max_value, max_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("clamp_max_", [("input", 0, input)])
        raise


def clamp_min(input, min, *, out=None):
    "input, at least min."
    if out is None:
        result = _direct_clamp_min(input, min)
        if result is not NotImplemented:
            return result
    try:
        min_kind = _kind_of(type(min))
        min_value = min
        if min_kind is None:
            try:
                min_value, min_kind = min.h, 3
            except AttributeError:
                min_value, min_kind = _operand(min)
        if out is not None:
            return _write_out(out, _wrap(_core_clamp_min(input.h, min_value, min_kind)))
        return _wrap(_core_clamp_min(input.h, min_value, min_kind))
    except AttributeError:
        _check_tensors("clamp_min", [("input", 1, input)])
        raise


def clamp_min_(input, min):
    "input, at least min."
    result = _direct_clamp_min_(input, min)
    if result is not NotImplemented:
        return result
    try:
        min_kind = _kind_of(type(min))
        min_value = min
        if min_kind is None:
            try:
                min_value, min_kind = min.h, 3
            except AttributeError:
                min_value, min_kind = _operand(min)
        h = _core_clamp_min_(input.h, min_value, min_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("clamp_min_", [("input", 0, input)])
        raise


def clone(input):
    "A copy with its own memory, in the layout of the input."
    result = _direct_clone(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_clone(input.h))
    except AttributeError:
        _check_tensors("clone", [("input", 1, input)])
        raise


def complex(real, imag, *, out=None):
    "real + imag * 1j."
    if out is None:
        result = _direct_complex(real, imag)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_complex(real.h, imag.h)))
        return _wrap(_core_complex(real.h, imag.h))
    except AttributeError:
        _check_tensors("complex", [("real", 1, real), ("imag", 2, imag)])
        raise


def conj_physical(input, *, out=None):
    "The complex conjugate, as a tensor of its own."
    if out is None:
        result = _direct_conj_physical(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_conj_physical(input.h)))
        return _wrap(_core_conj_physical(input.h))
    except AttributeError:
        _check_tensors("conj_physical", [("input", 1, input)])
        raise


def copy_(input, src, non_blocking=False):
    "Overwrite with the values of src, converted and broadcast."
    result = _direct_copy_(input, src, non_blocking)
    if result is not NotImplemented:
        return result
    try:
        h = _core_copy_(input.h, src.h, non_blocking)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("copy_", [("input", 0, input), ("src", 1, src)])
        raise


def copysign(input, other, *, out=None):
    "input's magnitude with other's sign."
    if out is None:
        result = _direct_copysign(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_copysign(input.h, other_value, other_kind)))
        return _wrap(_core_copysign(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("copysign", [("input", 1, input)])
        raise


def copysign_(input, other):
    "input's magnitude with other's sign."
    result = _direct_copysign_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_copysign_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("copysign_", [("input", 0, input)])
        raise


def cos(input, *, out=None):
    "The cosine."
    if out is None:
        result = _direct_cos(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_cos(input.h)))
        return _wrap(_core_cos(input.h))
    except AttributeError:
        _check_tensors("cos", [("input", 1, input)])
        raise


def cos_(input):
    "The cosine."
    result = _direct_cos_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_cos_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("cos_", [("input", 0, input)])
        raise


def cosh(input, *, out=None):
    "The hyperbolic cosine."
    if out is None:
        result = _direct_cosh(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_cosh(input.h)))
        return _wrap(_core_cosh(input.h))
    except AttributeError:
        _check_tensors("cosh", [("input", 1, input)])
        raise


def cosh_(input):
    "The hyperbolic cosine."
    result = _direct_cosh_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_cosh_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("cosh_", [("input", 0, input)])
        raise


def count_nonzero(input, dim=None, *, axis=None, out=None):
    "How many elements are not zero."
    if axis is not None:
        dim = axis
    if out is None:
        result = _direct_count_nonzero(input, dim)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_count_nonzero(input.h, -1 if dim is None else _ints(dim))))
        return _wrap(_core_count_nonzero(input.h, -1 if dim is None else _ints(dim)))
    except AttributeError:
        _check_tensors("count_nonzero", [("input", 1, input)])
        raise


def cummax(input, dim=None, *, axis=None):
    "The largest so far along dim, and where it was."
    if axis is not None:
        dim = axis
    result = _direct_cummax(input, dim)
    if result is not NotImplemented:
        return _new_tuple(_cummax_result, result)
    try:
        return _wrap_named(_cummax_result, _core_cummax(input.h, dim))
    except AttributeError:
        _check_tensors("cummax", [("input", 1, input)])
        raise


def cummin(input, dim=None, *, axis=None):
    "The smallest so far along dim, and where it was."
    if axis is not None:
        dim = axis
    result = _direct_cummin(input, dim)
    if result is not NotImplemented:
        return _new_tuple(_cummin_result, result)
    try:
        return _wrap_named(_cummin_result, _core_cummin(input.h, dim))
    except AttributeError:
        _check_tensors("cummin", [("input", 1, input)])
        raise


def cumprod(input, dim=None, *, dtype=None, axis=None, out=None):
    "Running products along dim."
    if axis is not None:
        dim = axis
    if out is None:
        result = _direct_cumprod(input, dim, dtype)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_cumprod(input.h, dim, -1 if dtype is None else dtype.id)))
        return _wrap(_core_cumprod(input.h, dim, -1 if dtype is None else dtype.id))
    except AttributeError:
        _check_tensors("cumprod", [("input", 1, input)])
        raise


def cumsum(input, dim=None, *, dtype=None, axis=None, out=None):
    "Running sums along dim."
    if axis is not None:
        dim = axis
    if out is None:
        result = _direct_cumsum(input, dim, dtype)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_cumsum(input.h, dim, -1 if dtype is None else dtype.id)))
        return _wrap(_core_cumsum(input.h, dim, -1 if dtype is None else dtype.id))
    except AttributeError:
        _check_tensors("cumsum", [("input", 1, input)])
        raise


def deg2rad(input, *, out=None):
    "Degrees to radians."
    if out is None:
        result = _direct_deg2rad(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_deg2rad(input.h)))
        return _wrap(_core_deg2rad(input.h))
    except AttributeError:
        _check_tensors("deg2rad", [("input", 1, input)])
        raise


def deg2rad_(input):
    "Degrees to radians."
    result = _direct_deg2rad_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_deg2rad_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("deg2rad_", [("input", 0, input)])
        raise


def detach(input, *, out=None):
    "The same memory, outside of the tape."
    if out is None:
        result = _direct_detach(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_detach(input.h)))
        return _wrap(_core_detach(input.h))
    except AttributeError:
        _check_tensors("detach", [("input", 1, input)])
        raise


def diagonal(input, offset=0, dim1=0, dim2=1):
    "The diagonal of two dims, as the last dim."
    result = _direct_diagonal(input, offset, dim1, dim2)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_diagonal(input.h, offset, dim1, dim2))
    except AttributeError:
        _check_tensors("diagonal", [("input", 1, input)])
        raise


def digamma(input, *, out=None):
    "The derivative of lgamma."
    if out is None:
        result = _direct_digamma(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_digamma(input.h)))
        return _wrap(_core_digamma(input.h))
    except AttributeError:
        _check_tensors("digamma", [("input", 1, input)])
        raise


def digamma_(input):
    "The derivative of lgamma."
    result = _direct_digamma_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_digamma_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("digamma_", [("input", 0, input)])
        raise


def dot(input, tensor, *, out=None):
    "The sum of products of two vectors."
    if out is None:
        result = _direct_dot(input, tensor)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_dot(input.h, tensor.h)))
        return _wrap(_core_dot(input.h, tensor.h))
    except AttributeError:
        _check_tensors("dot", [("input", 1, input), ("tensor", 2, tensor)])
        raise


def elu(input, alpha=1.0):
    "input where positive, alpha * (exp(input) - 1) elsewhere."
    result = _direct_elu(input, alpha)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_elu(input.h, alpha))
    except AttributeError:
        _check_tensors("elu", [("input", 1, input)])
        raise


def elu_(input, alpha=1.0):
    "input where positive, alpha * (exp(input) - 1) elsewhere."
    result = _direct_elu_(input, alpha)
    if result is not NotImplemented:
        return result
    try:
        h = _core_elu_(input.h, alpha)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("elu_", [("input", 0, input)])
        raise


def empty(size, dtype, device):
    "Uninitialised memory."
    result = _direct_empty(size, dtype, device)
    if result is not NotImplemented:
        return result
    return _wrap(_core_empty(_ints(size), -1 if dtype is None else dtype.id, -1 if device is None else _device_id(device)))


def empty_strided(size, stride, dtype, device):
    "Uninitialised memory with the given strides, in elements."
    result = _direct_empty_strided(size, stride, dtype, device)
    if result is not NotImplemented:
        return result
    return _wrap(_core_empty_strided(_ints(size), _ints(stride), -1 if dtype is None else dtype.id, -1 if device is None else _device_id(device)))


def eq(input, other, *, out=None):
    "Where input equals other."
    if out is None:
        result = _direct_eq(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_eq(input.h, other_value, other_kind)))
        return _wrap(_core_eq(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("eq", [("input", 1, input)])
        raise


def eq_(input, other):
    "Where input equals other."
    result = _direct_eq_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_eq_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("eq_", [("input", 0, input)])
        raise


def erf(input, *, out=None):
    "The error function."
    if out is None:
        result = _direct_erf(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_erf(input.h)))
        return _wrap(_core_erf(input.h))
    except AttributeError:
        _check_tensors("erf", [("input", 1, input)])
        raise


def erf_(input):
    "The error function."
    result = _direct_erf_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_erf_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("erf_", [("input", 0, input)])
        raise


def erfc(input, *, out=None):
    "1 - erf(input)."
    if out is None:
        result = _direct_erfc(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_erfc(input.h)))
        return _wrap(_core_erfc(input.h))
    except AttributeError:
        _check_tensors("erfc", [("input", 1, input)])
        raise


def erfc_(input):
    "1 - erf(input)."
    result = _direct_erfc_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_erfc_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("erfc_", [("input", 0, input)])
        raise


def erfcx(input, *, out=None):
    "exp(x^2) erfc(x)."
    if out is None:
        result = _direct_erfcx(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_erfcx(input.h)))
        return _wrap(_core_erfcx(input.h))
    except AttributeError:
        _check_tensors("erfcx", [("input", 1, input)])
        raise


def erfinv(input, *, out=None):
    "The inverse of erf."
    if out is None:
        result = _direct_erfinv(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_erfinv(input.h)))
        return _wrap(_core_erfinv(input.h))
    except AttributeError:
        _check_tensors("erfinv", [("input", 1, input)])
        raise


def erfinv_(input):
    "The inverse of erf."
    result = _direct_erfinv_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_erfinv_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("erfinv_", [("input", 0, input)])
        raise


def exp(input, *, out=None):
    "e to the power of input."
    if out is None:
        result = _direct_exp(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_exp(input.h)))
        return _wrap(_core_exp(input.h))
    except AttributeError:
        _check_tensors("exp", [("input", 1, input)])
        raise


def exp2(input, *, out=None):
    "2 to the power of input."
    if out is None:
        result = _direct_exp2(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_exp2(input.h)))
        return _wrap(_core_exp2(input.h))
    except AttributeError:
        _check_tensors("exp2", [("input", 1, input)])
        raise


def exp2_(input):
    "2 to the power of input."
    result = _direct_exp2_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_exp2_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("exp2_", [("input", 0, input)])
        raise


def exp_(input):
    "e to the power of input."
    result = _direct_exp_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_exp_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("exp_", [("input", 0, input)])
        raise


def expand(input, size):
    "Dims of size 1 stretched without copying; -1 keeps a size."
    result = _direct_expand(input, size)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_expand(input.h, _ints(size)))
    except AttributeError:
        _check_tensors("expand", [("input", 1, input)])
        raise


def expm1(input, *, out=None):
    "exp(input) - 1, exact near 0."
    if out is None:
        result = _direct_expm1(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_expm1(input.h)))
        return _wrap(_core_expm1(input.h))
    except AttributeError:
        _check_tensors("expm1", [("input", 1, input)])
        raise


def expm1_(input):
    "exp(input) - 1, exact near 0."
    result = _direct_expm1_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_expm1_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("expm1_", [("input", 0, input)])
        raise


def exponential_(input, lambd=1.0, *, generator=None):
    "Numbers drawn from the exponential distribution."
    result = _direct_exponential_(input, lambd, generator)
    if result is not NotImplemented:
        return result
    try:
        h = _core_exponential_(input.h, lambd, 0 if generator is None else generator.id)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("exponential_", [("input", 0, input)])
        raise


def eye(n, m, dtype, device):
    "Ones on the diagonal, zeros elsewhere."
    result = _direct_eye(n, m, dtype, device)
    if result is not NotImplemented:
        return result
    return _wrap(_core_eye(n, m, -1 if dtype is None else dtype.id, -1 if device is None else _device_id(device)))


def fake_quantize_per_channel_affine(input, scale, zero_point, axis, quant_min, quant_max, *, out=None):
    "What is left of input after quantizing each channel of axis by its own scale, and back."
    if out is None:
        result = _direct_fake_quantize_per_channel_affine(input, scale, zero_point, axis, quant_min, quant_max)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_fake_quantize_per_channel_affine(input.h, scale.h, zero_point.h, axis, quant_min, quant_max)))
        return _wrap(_core_fake_quantize_per_channel_affine(input.h, scale.h, zero_point.h, axis, quant_min, quant_max))
    except AttributeError:
        _check_tensors("fake_quantize_per_channel_affine", [("input", 1, input), ("scale", 2, scale), ("zero_point", 3, zero_point)])
        raise


def fake_quantize_per_tensor_affine(input, scale, zero_point, quant_min, quant_max, *, out=None):
    "What is left of input after quantizing it and back; the gradient passes where nothing was clamped."
    if out is None:
        result = _direct_fake_quantize_per_tensor_affine(input, scale, zero_point, quant_min, quant_max)
        if result is not NotImplemented:
            return result
    try:
        scale_kind = _kind_of(type(scale))
        scale_value = scale
        if scale_kind is None:
            try:
                scale_value, scale_kind = scale.h, 3
            except AttributeError:
                scale_value, scale_kind = _operand(scale)
        zero_point_kind = _kind_of(type(zero_point))
        zero_point_value = zero_point
        if zero_point_kind is None:
            try:
                zero_point_value, zero_point_kind = zero_point.h, 3
            except AttributeError:
                zero_point_value, zero_point_kind = _operand(zero_point)
        if out is not None:
            return _write_out(out, _wrap(_core_fake_quantize_per_tensor_affine(input.h, scale_value, scale_kind, zero_point_value, zero_point_kind, quant_min, quant_max)))
        return _wrap(_core_fake_quantize_per_tensor_affine(input.h, scale_value, scale_kind, zero_point_value, zero_point_kind, quant_min, quant_max))
    except AttributeError:
        _check_tensors("fake_quantize_per_tensor_affine", [("input", 1, input)])
        raise


def fill_(input, value):
    "Set every element to a number."
    result = _direct_fill_(input, value)
    if result is not NotImplemented:
        return result
    try:
        value_kind = _kind_of(type(value))
        value_value = value
        if value_kind is None:
            try:
                value_value, value_kind = value.h, 3
            except AttributeError:
                value_value, value_kind = _operand(value)
        h = _core_fill_(input.h, value_value, value_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("fill_", [("input", 0, input)])
        raise


def flatten(input, start_dim=0, end_dim=-1, *, out=None):
    "A range of dims merged into one."
    if out is None:
        result = _direct_flatten(input, start_dim, end_dim)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_flatten(input.h, start_dim, end_dim)))
        return _wrap(_core_flatten(input.h, start_dim, end_dim))
    except AttributeError:
        _check_tensors("flatten", [("input", 1, input)])
        raise


def floor(input, *, out=None):
    "Rounded down."
    if out is None:
        result = _direct_floor(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_floor(input.h)))
        return _wrap(_core_floor(input.h))
    except AttributeError:
        _check_tensors("floor", [("input", 1, input)])
        raise


def floor_(input):
    "Rounded down."
    result = _direct_floor_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_floor_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("floor_", [("input", 0, input)])
        raise


def floor_divide(input, other, *, out=None):
    "floor(input / other)."
    if out is None:
        result = _direct_floor_divide(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_floor_divide(input.h, other_value, other_kind)))
        return _wrap(_core_floor_divide(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("floor_divide", [("input", 1, input)])
        raise


def floor_divide_(input, other):
    "floor(input / other)."
    result = _direct_floor_divide_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_floor_divide_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("floor_divide_", [("input", 0, input)])
        raise


def fmax(input, other, *, out=None):
    "The larger of two; a number wins over NaN."
    if out is None:
        result = _direct_fmax(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_fmax(input.h, other.h)))
        return _wrap(_core_fmax(input.h, other.h))
    except AttributeError:
        _check_tensors("fmax", [("input", 1, input), ("other", 2, other)])
        raise


def fmin(input, other, *, out=None):
    "The smaller of two; a number wins over NaN."
    if out is None:
        result = _direct_fmin(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_fmin(input.h, other.h)))
        return _wrap(_core_fmin(input.h, other.h))
    except AttributeError:
        _check_tensors("fmin", [("input", 1, input), ("other", 2, other)])
        raise


def fmod(input, other, *, out=None):
    "C's fmod: the sign is input's."
    if out is None:
        result = _direct_fmod(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_fmod(input.h, other_value, other_kind)))
        return _wrap(_core_fmod(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("fmod", [("input", 1, input)])
        raise


def fmod_(input, other):
    "C's fmod: the sign is input's."
    result = _direct_fmod_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_fmod_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("fmod_", [("input", 0, input)])
        raise


def frac(input, *, out=None):
    "The part behind the point."
    if out is None:
        result = _direct_frac(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_frac(input.h)))
        return _wrap(_core_frac(input.h))
    except AttributeError:
        _check_tensors("frac", [("input", 1, input)])
        raise


def frac_(input):
    "The part behind the point."
    result = _direct_frac_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_frac_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("frac_", [("input", 0, input)])
        raise


def full(size, fill_value, dtype, device):
    "Every element the same number."
    result = _direct_full(size, fill_value, dtype, device)
    if result is not NotImplemented:
        return result
    fill_value_kind = _kind_of(type(fill_value))
    if fill_value_kind is None:
        fill_value, fill_value_kind = _number(fill_value)
    return _wrap(_core_full(_ints(size), fill_value, fill_value_kind, -1 if dtype is None else dtype.id, -1 if device is None else _device_id(device)))


def gather(input, dim, index, *, sparse_grad=False, axis=None, out=None):
    "out[i][j] = input[index[i][j]][j] for dim 0, and so on."
    if axis is not None:
        dim = axis
    if out is None:
        result = _direct_gather(input, dim, index, sparse_grad)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_gather(input.h, dim, index.h, sparse_grad)))
        return _wrap(_core_gather(input.h, dim, index.h, sparse_grad))
    except AttributeError:
        _check_tensors("gather", [("input", 1, input), ("index", 3, index)])
        raise


def gcd(input, other, *, out=None):
    "The greatest common divisor."
    if out is None:
        result = _direct_gcd(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_gcd(input.h, other.h)))
        return _wrap(_core_gcd(input.h, other.h))
    except AttributeError:
        _check_tensors("gcd", [("input", 1, input), ("other", 2, other)])
        raise


def gcd_(input, other):
    "The greatest common divisor."
    result = _direct_gcd_(input, other)
    if result is not NotImplemented:
        return result
    try:
        h = _core_gcd_(input.h, other.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("gcd_", [("input", 0, input), ("other", 1, other)])
        raise


def ge(input, other, *, out=None):
    "Where input >= other."
    if out is None:
        result = _direct_ge(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_ge(input.h, other_value, other_kind)))
        return _wrap(_core_ge(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("ge", [("input", 1, input)])
        raise


def ge_(input, other):
    "Where input >= other."
    result = _direct_ge_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_ge_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("ge_", [("input", 0, input)])
        raise


def gelu(input, *, approximate='none'):
    "input * Phi(input), Phi the normal distribution's; 'tanh' approximates it."
    result = _direct_gelu(input, approximate)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_gelu(input.h, approximate))
    except AttributeError:
        _check_tensors("gelu", [("input", 1, input)])
        raise


def geometric_(input, p, *, generator=None):
    "Numbers of trials until success."
    result = _direct_geometric_(input, p, generator)
    if result is not NotImplemented:
        return result
    try:
        h = _core_geometric_(input.h, p, 0 if generator is None else generator.id)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("geometric_", [("input", 0, input)])
        raise


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-05):
    "Channels in groups, each group of each sample brought to mean 0 and variance 1."
    result = _direct_group_norm(input, num_groups, weight, bias, eps)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_group_norm(input.h, num_groups, 0 if weight is None else weight.h, 0 if bias is None else bias.h, eps))
    except AttributeError:
        _check_tensors("group_norm", [("input", 1, input)])
        raise


def gt(input, other, *, out=None):
    "Where input > other."
    if out is None:
        result = _direct_gt(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_gt(input.h, other_value, other_kind)))
        return _wrap(_core_gt(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("gt", [("input", 1, input)])
        raise


def gt_(input, other):
    "Where input > other."
    result = _direct_gt_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_gt_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("gt_", [("input", 0, input)])
        raise


def hardshrink(input, lambd=0.5, *, out=None):
    "0 where |input| <= lambd."
    if out is None:
        result = _direct_hardshrink(input, lambd)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_hardshrink(input.h, lambd)))
        return _wrap(_core_hardshrink(input.h, lambd))
    except AttributeError:
        _check_tensors("hardshrink", [("input", 1, input)])
        raise


def hardsigmoid(input):
    "A piecewise linear sigmoid."
    result = _direct_hardsigmoid(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_hardsigmoid(input.h))
    except AttributeError:
        _check_tensors("hardsigmoid", [("input", 1, input)])
        raise


def hardsigmoid_(input):
    "A piecewise linear sigmoid."
    result = _direct_hardsigmoid_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_hardsigmoid_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("hardsigmoid_", [("input", 0, input)])
        raise


def hardswish(input):
    "input * hardsigmoid(input)."
    result = _direct_hardswish(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_hardswish(input.h))
    except AttributeError:
        _check_tensors("hardswish", [("input", 1, input)])
        raise


def hardswish_(input):
    "input * hardsigmoid(input)."
    result = _direct_hardswish_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_hardswish_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("hardswish_", [("input", 0, input)])
        raise


def hardtanh(input, min_val=-1.0, max_val=1.0):
    "input limited to [min_val, max_val]."
    result = _direct_hardtanh(input, min_val, max_val)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_hardtanh(input.h, min_val, max_val))
    except AttributeError:
        _check_tensors("hardtanh", [("input", 1, input)])
        raise


def hardtanh_(input, min_val=-1.0, max_val=1.0):
    "input limited to [min_val, max_val]."
    result = _direct_hardtanh_(input, min_val, max_val)
    if result is not NotImplemented:
        return result
    try:
        h = _core_hardtanh_(input.h, min_val, max_val)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("hardtanh_", [("input", 0, input)])
        raise


def heaviside(input, values, *, out=None):
    "0 below zero, 1 above, values at zero."
    if out is None:
        result = _direct_heaviside(input, values)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_heaviside(input.h, values.h)))
        return _wrap(_core_heaviside(input.h, values.h))
    except AttributeError:
        _check_tensors("heaviside", [("input", 1, input), ("values", 2, values)])
        raise


def heaviside_(input, values):
    "0 below zero, 1 above, values at zero."
    result = _direct_heaviside_(input, values)
    if result is not NotImplemented:
        return result
    try:
        h = _core_heaviside_(input.h, values.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("heaviside_", [("input", 0, input), ("values", 1, values)])
        raise


def hermite_polynomial_h(input, n, *, out=None):
    "The hermite polynomial h of degree n."
    if out is None:
        result = _direct_hermite_polynomial_h(input, n)
        if result is not NotImplemented:
            return result
    try:
        n_kind = _kind_of(type(n))
        n_value = n
        if n_kind is None:
            try:
                n_value, n_kind = n.h, 3
            except AttributeError:
                n_value, n_kind = _operand(n)
        if out is not None:
            return _write_out(out, _wrap(_core_hermite_polynomial_h(input.h, n_value, n_kind)))
        return _wrap(_core_hermite_polynomial_h(input.h, n_value, n_kind))
    except AttributeError:
        _check_tensors("hermite_polynomial_h", [("input", 1, input)])
        raise


def hermite_polynomial_he(input, n, *, out=None):
    "The hermite polynomial he of degree n."
    if out is None:
        result = _direct_hermite_polynomial_he(input, n)
        if result is not NotImplemented:
            return result
    try:
        n_kind = _kind_of(type(n))
        n_value = n
        if n_kind is None:
            try:
                n_value, n_kind = n.h, 3
            except AttributeError:
                n_value, n_kind = _operand(n)
        if out is not None:
            return _write_out(out, _wrap(_core_hermite_polynomial_he(input.h, n_value, n_kind)))
        return _wrap(_core_hermite_polynomial_he(input.h, n_value, n_kind))
    except AttributeError:
        _check_tensors("hermite_polynomial_he", [("input", 1, input)])
        raise


def hypot(input, other, *, out=None):
    "sqrt(input^2 + other^2)."
    if out is None:
        result = _direct_hypot(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_hypot(input.h, other.h)))
        return _wrap(_core_hypot(input.h, other.h))
    except AttributeError:
        _check_tensors("hypot", [("input", 1, input), ("other", 2, other)])
        raise


def hypot_(input, other):
    "sqrt(input^2 + other^2)."
    result = _direct_hypot_(input, other)
    if result is not NotImplemented:
        return result
    try:
        h = _core_hypot_(input.h, other.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("hypot_", [("input", 0, input), ("other", 1, other)])
        raise


def i0(input, *, out=None):
    "The modified Bessel function of the first kind, of order 0."
    if out is None:
        result = _direct_i0(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_i0(input.h)))
        return _wrap(_core_i0(input.h))
    except AttributeError:
        _check_tensors("i0", [("input", 1, input)])
        raise


def i0e(input, *, out=None):
    "exp(-|x|) i0(x)."
    if out is None:
        result = _direct_i0e(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_i0e(input.h)))
        return _wrap(_core_i0e(input.h))
    except AttributeError:
        _check_tensors("i0e", [("input", 1, input)])
        raise


def i1(input, *, out=None):
    "The modified Bessel function of the first kind, of order 1."
    if out is None:
        result = _direct_i1(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_i1(input.h)))
        return _wrap(_core_i1(input.h))
    except AttributeError:
        _check_tensors("i1", [("input", 1, input)])
        raise


def i1e(input, *, out=None):
    "exp(-|x|) i1(x)."
    if out is None:
        result = _direct_i1e(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_i1e(input.h)))
        return _wrap(_core_i1e(input.h))
    except AttributeError:
        _check_tensors("i1e", [("input", 1, input)])
        raise


def igamma(input, other, *, out=None):
    "The share of the gamma distribution of shape input below other."
    if out is None:
        result = _direct_igamma(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_igamma(input.h, other.h)))
        return _wrap(_core_igamma(input.h, other.h))
    except AttributeError:
        _check_tensors("igamma", [("input", 1, input), ("other", 2, other)])
        raise


def igammac(input, other, *, out=None):
    "The share of the gamma distribution of shape input above other."
    if out is None:
        result = _direct_igammac(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_igammac(input.h, other.h)))
        return _wrap(_core_igammac(input.h, other.h))
    except AttributeError:
        _check_tensors("igammac", [("input", 1, input), ("other", 2, other)])
        raise


def imag(input, *, out=None):
    "The imaginary part, over the same memory."
    if out is None:
        result = _direct_imag(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_imag(input.h)))
        return _wrap(_core_imag(input.h))
    except AttributeError:
        _check_tensors("imag", [("input", 1, input)])
        raise


def index_add(input, dim, index, source, *, alpha=1, axis=None, out=None):
    "input with alpha * source added at the given indices of a dim; repeated indices add up."
    if axis is not None:
        dim = axis
    if out is None:
        result = _direct_index_add(input, dim, index, source, alpha)
        if result is not NotImplemented:
            return result
    try:
        alpha_kind = _kind_of(type(alpha))
        if alpha_kind is None:
            alpha, alpha_kind = _number(alpha)
        if out is not None:
            return _write_out(out, _wrap(_core_index_add(input.h, dim, index.h, source.h, alpha, alpha_kind)))
        return _wrap(_core_index_add(input.h, dim, index.h, source.h, alpha, alpha_kind))
    except AttributeError:
        _check_tensors("index_add", [("input", 1, input), ("index", 3, index), ("source", 4, source)])
        raise


def index_put(input, indices, values, accumulate=False):
    "input with values written (or added) at the indexed places."
    try:
        return _wrap(_core_index_put(input.h, _handles(indices), values.h, accumulate))
    except AttributeError:
        _check_tensors("index_put", [("input", 1, input), ("values", 3, values)])
        raise


def index_select(input, dim, index, *, axis=None, out=None):
    "The given indices of a dim."
    if axis is not None:
        dim = axis
    if out is None:
        result = _direct_index_select(input, dim, index)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_index_select(input.h, dim, index.h)))
        return _wrap(_core_index_select(input.h, dim, index.h))
    except AttributeError:
        _check_tensors("index_select", [("input", 1, input), ("index", 3, index)])
        raise


def isfinite(input, *, out=None):
    "Where input is neither NaN nor infinite."
    if out is None:
        result = _direct_isfinite(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_isfinite(input.h)))
        return _wrap(_core_isfinite(input.h))
    except AttributeError:
        _check_tensors("isfinite", [("input", 1, input)])
        raise


def isinf(input, *, out=None):
    "Where input is infinite."
    if out is None:
        result = _direct_isinf(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_isinf(input.h)))
        return _wrap(_core_isinf(input.h))
    except AttributeError:
        _check_tensors("isinf", [("input", 1, input)])
        raise


def isnan(input, *, out=None):
    "Where input is NaN."
    if out is None:
        result = _direct_isnan(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_isnan(input.h)))
        return _wrap(_core_isnan(input.h))
    except AttributeError:
        _check_tensors("isnan", [("input", 1, input)])
        raise


def isneginf(input, *, out=None):
    "Where input is infinite and negative."
    if out is None:
        result = _direct_isneginf(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_isneginf(input.h)))
        return _wrap(_core_isneginf(input.h))
    except AttributeError:
        _check_tensors("isneginf", [("input", 1, input)])
        raise


def isposinf(input, *, out=None):
    "Where input is infinite and positive."
    if out is None:
        result = _direct_isposinf(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_isposinf(input.h)))
        return _wrap(_core_isposinf(input.h))
    except AttributeError:
        _check_tensors("isposinf", [("input", 1, input)])
        raise


def laguerre_polynomial_l(input, n, *, out=None):
    "The laguerre polynomial l of degree n."
    if out is None:
        result = _direct_laguerre_polynomial_l(input, n)
        if result is not NotImplemented:
            return result
    try:
        n_kind = _kind_of(type(n))
        n_value = n
        if n_kind is None:
            try:
                n_value, n_kind = n.h, 3
            except AttributeError:
                n_value, n_kind = _operand(n)
        if out is not None:
            return _write_out(out, _wrap(_core_laguerre_polynomial_l(input.h, n_value, n_kind)))
        return _wrap(_core_laguerre_polynomial_l(input.h, n_value, n_kind))
    except AttributeError:
        _check_tensors("laguerre_polynomial_l", [("input", 1, input)])
        raise


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-05):
    "Each row brought to mean 0 and variance 1, then scaled and shifted."
    result = _direct_layer_norm(input, normalized_shape, weight, bias, eps)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_layer_norm(input.h, _ints(normalized_shape), 0 if weight is None else weight.h, 0 if bias is None else bias.h, eps))
    except AttributeError:
        _check_tensors("layer_norm", [("input", 1, input)])
        raise


def lcm(input, other, *, out=None):
    "The least common multiple."
    if out is None:
        result = _direct_lcm(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_lcm(input.h, other.h)))
        return _wrap(_core_lcm(input.h, other.h))
    except AttributeError:
        _check_tensors("lcm", [("input", 1, input), ("other", 2, other)])
        raise


def lcm_(input, other):
    "The least common multiple."
    result = _direct_lcm_(input, other)
    if result is not NotImplemented:
        return result
    try:
        h = _core_lcm_(input.h, other.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("lcm_", [("input", 0, input), ("other", 1, other)])
        raise


def le(input, other, *, out=None):
    "Where input <= other."
    if out is None:
        result = _direct_le(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_le(input.h, other_value, other_kind)))
        return _wrap(_core_le(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("le", [("input", 1, input)])
        raise


def le_(input, other):
    "Where input <= other."
    result = _direct_le_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_le_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("le_", [("input", 0, input)])
        raise


def leaky_relu(input, negative_slope=0.01):
    "input where positive, negative_slope * input elsewhere."
    result = _direct_leaky_relu(input, negative_slope)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_leaky_relu(input.h, negative_slope))
    except AttributeError:
        _check_tensors("leaky_relu", [("input", 1, input)])
        raise


def leaky_relu_(input, negative_slope=0.01):
    "input where positive, negative_slope * input elsewhere."
    result = _direct_leaky_relu_(input, negative_slope)
    if result is not NotImplemented:
        return result
    try:
        h = _core_leaky_relu_(input.h, negative_slope)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("leaky_relu_", [("input", 0, input)])
        raise


def legendre_polynomial_p(input, n, *, out=None):
    "The legendre polynomial p of degree n."
    if out is None:
        result = _direct_legendre_polynomial_p(input, n)
        if result is not NotImplemented:
            return result
    try:
        n_kind = _kind_of(type(n))
        n_value = n
        if n_kind is None:
            try:
                n_value, n_kind = n.h, 3
            except AttributeError:
                n_value, n_kind = _operand(n)
        if out is not None:
            return _write_out(out, _wrap(_core_legendre_polynomial_p(input.h, n_value, n_kind)))
        return _wrap(_core_legendre_polynomial_p(input.h, n_value, n_kind))
    except AttributeError:
        _check_tensors("legendre_polynomial_p", [("input", 1, input)])
        raise


def lerp(input, end, weight, *, out=None):
    "input + weight * (end - input), computed from the nearer end."
    if out is None:
        result = _direct_lerp(input, end, weight)
        if result is not NotImplemented:
            return result
    try:
        weight_kind = _kind_of(type(weight))
        weight_value = weight
        if weight_kind is None:
            try:
                weight_value, weight_kind = weight.h, 3
            except AttributeError:
                weight_value, weight_kind = _operand(weight)
        if out is not None:
            return _write_out(out, _wrap(_core_lerp(input.h, end.h, weight_value, weight_kind)))
        return _wrap(_core_lerp(input.h, end.h, weight_value, weight_kind))
    except AttributeError:
        _check_tensors("lerp", [("input", 1, input), ("end", 2, end)])
        raise


def lerp_(input, end, weight):
    "input + weight * (end - input), computed from the nearer end."
    result = _direct_lerp_(input, end, weight)
    if result is not NotImplemented:
        return result
    try:
        weight_kind = _kind_of(type(weight))
        weight_value = weight
        if weight_kind is None:
            try:
                weight_value, weight_kind = weight.h, 3
            except AttributeError:
                weight_value, weight_kind = _operand(weight)
        h = _core_lerp_(input.h, end.h, weight_value, weight_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("lerp_", [("input", 0, input), ("end", 1, end)])
        raise


def lgamma(input, *, out=None):
    "log |gamma(input)|."
    if out is None:
        result = _direct_lgamma(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_lgamma(input.h)))
        return _wrap(_core_lgamma(input.h))
    except AttributeError:
        _check_tensors("lgamma", [("input", 1, input)])
        raise


def lgamma_(input):
    "log |gamma(input)|."
    result = _direct_lgamma_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_lgamma_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("lgamma_", [("input", 0, input)])
        raise


def linear(input, weight, bias=None):
    "input @ weight.T + bias."
    result = _direct_linear(input, weight, bias)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_linear(input.h, weight.h, 0 if bias is None else bias.h))
    except AttributeError:
        _check_tensors("linear", [("input", 1, input), ("weight", 2, weight)])
        raise


def linspace(start, end, steps, dtype, device):
    "Evenly spaced numbers from start to end, both included."
    result = _direct_linspace(start, end, steps, dtype, device)
    if result is not NotImplemented:
        return result
    return _wrap(_core_linspace(start, end, steps, -1 if dtype is None else dtype.id, -1 if device is None else _device_id(device)))


def log(input, *, out=None):
    "The natural logarithm."
    if out is None:
        result = _direct_log(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_log(input.h)))
        return _wrap(_core_log(input.h))
    except AttributeError:
        _check_tensors("log", [("input", 1, input)])
        raise


def log10(input, *, out=None):
    "The logarithm to base 10."
    if out is None:
        result = _direct_log10(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_log10(input.h)))
        return _wrap(_core_log10(input.h))
    except AttributeError:
        _check_tensors("log10", [("input", 1, input)])
        raise


def log10_(input):
    "The logarithm to base 10."
    result = _direct_log10_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_log10_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("log10_", [("input", 0, input)])
        raise


def log1p(input, *, out=None):
    "log(1 + input), exact near 0."
    if out is None:
        result = _direct_log1p(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_log1p(input.h)))
        return _wrap(_core_log1p(input.h))
    except AttributeError:
        _check_tensors("log1p", [("input", 1, input)])
        raise


def log1p_(input):
    "log(1 + input), exact near 0."
    result = _direct_log1p_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_log1p_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("log1p_", [("input", 0, input)])
        raise


def log2(input, *, out=None):
    "The logarithm to base 2."
    if out is None:
        result = _direct_log2(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_log2(input.h)))
        return _wrap(_core_log2(input.h))
    except AttributeError:
        _check_tensors("log2", [("input", 1, input)])
        raise


def log2_(input):
    "The logarithm to base 2."
    result = _direct_log2_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_log2_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("log2_", [("input", 0, input)])
        raise


def log_(input):
    "The natural logarithm."
    result = _direct_log_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_log_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("log_", [("input", 0, input)])
        raise


def log_ndtr(input, *, out=None):
    "The logarithm of the normal distribution's area below x."
    if out is None:
        result = _direct_log_ndtr(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_log_ndtr(input.h)))
        return _wrap(_core_log_ndtr(input.h))
    except AttributeError:
        _check_tensors("log_ndtr", [("input", 1, input)])
        raise


def log_normal_(input, mean=1.0, std=2.0, *, generator=None):
    "Numbers whose logarithm is normal."
    result = _direct_log_normal_(input, mean, std, generator)
    if result is not NotImplemented:
        return result
    try:
        h = _core_log_normal_(input.h, mean, std, 0 if generator is None else generator.id)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("log_normal_", [("input", 0, input)])
        raise


def log_softmax(input, dim=None, dtype=None, *, axis=None, out=None):
    "The logarithm of softmax, without its rounding."
    if axis is not None:
        dim = axis
    if out is None:
        result = _direct_log_softmax(input, dim, dtype)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_log_softmax(input.h, dim, -1 if dtype is None else dtype.id)))
        return _wrap(_core_log_softmax(input.h, dim, -1 if dtype is None else dtype.id))
    except AttributeError:
        _check_tensors("log_softmax", [("input", 1, input)])
        raise


def logaddexp(input, other, *, out=None):
    "log(exp(input) + exp(other)), without overflow."
    if out is None:
        result = _direct_logaddexp(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_logaddexp(input.h, other.h)))
        return _wrap(_core_logaddexp(input.h, other.h))
    except AttributeError:
        _check_tensors("logaddexp", [("input", 1, input), ("other", 2, other)])
        raise


def logaddexp2(input, other, *, out=None):
    "log2(2^input + 2^other), without overflow."
    if out is None:
        result = _direct_logaddexp2(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_logaddexp2(input.h, other.h)))
        return _wrap(_core_logaddexp2(input.h, other.h))
    except AttributeError:
        _check_tensors("logaddexp2", [("input", 1, input), ("other", 2, other)])
        raise


def logcumsumexp(input, dim=None, *, axis=None, out=None):
    "The logarithm of running sums of exp(input) along dim, without overflow."
    if axis is not None:
        dim = axis
    if out is None:
        result = _direct_logcumsumexp(input, dim)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_logcumsumexp(input.h, dim)))
        return _wrap(_core_logcumsumexp(input.h, dim))
    except AttributeError:
        _check_tensors("logcumsumexp", [("input", 1, input)])
        raise


def logical_and(input, other, *, out=None):
    "Where both are nonzero."
    if out is None:
        result = _direct_logical_and(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_logical_and(input.h, other.h)))
        return _wrap(_core_logical_and(input.h, other.h))
    except AttributeError:
        _check_tensors("logical_and", [("input", 1, input), ("other", 2, other)])
        raise


def logical_and_(input, other):
    "Where both are nonzero."
    result = _direct_logical_and_(input, other)
    if result is not NotImplemented:
        return result
    try:
        h = _core_logical_and_(input.h, other.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("logical_and_", [("input", 0, input), ("other", 1, other)])
        raise


def logical_not(input, *, out=None):
    "Where input is zero."
    if out is None:
        result = _direct_logical_not(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_logical_not(input.h)))
        return _wrap(_core_logical_not(input.h))
    except AttributeError:
        _check_tensors("logical_not", [("input", 1, input)])
        raise


def logical_not_(input):
    "Where input is zero."
    result = _direct_logical_not_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_logical_not_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("logical_not_", [("input", 0, input)])
        raise


def logical_or(input, other, *, out=None):
    "Where either is nonzero."
    if out is None:
        result = _direct_logical_or(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_logical_or(input.h, other.h)))
        return _wrap(_core_logical_or(input.h, other.h))
    except AttributeError:
        _check_tensors("logical_or", [("input", 1, input), ("other", 2, other)])
        raise


def logical_or_(input, other):
    "Where either is nonzero."
    result = _direct_logical_or_(input, other)
    if result is not NotImplemented:
        return result
    try:
        h = _core_logical_or_(input.h, other.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("logical_or_", [("input", 0, input), ("other", 1, other)])
        raise


def logical_xor(input, other, *, out=None):
    "Where exactly one is nonzero."
    if out is None:
        result = _direct_logical_xor(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_logical_xor(input.h, other.h)))
        return _wrap(_core_logical_xor(input.h, other.h))
    except AttributeError:
        _check_tensors("logical_xor", [("input", 1, input), ("other", 2, other)])
        raise


def logical_xor_(input, other):
    "Where exactly one is nonzero."
    result = _direct_logical_xor_(input, other)
    if result is not NotImplemented:
        return result
    try:
        h = _core_logical_xor_(input.h, other.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("logical_xor_", [("input", 0, input), ("other", 1, other)])
        raise


def logit(input, eps=None, *, out=None):
    "log(x / (1 - x)), x limited to [eps, 1 - eps] when eps is given."
    if out is None:
        result = _direct_logit(input, eps)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_logit(input.h, eps)))
        return _wrap(_core_logit(input.h, eps))
    except AttributeError:
        _check_tensors("logit", [("input", 1, input)])
        raise


def logit_(input, eps=None):
    "log(x / (1 - x)), x limited to [eps, 1 - eps] when eps is given."
    result = _direct_logit_(input, eps)
    if result is not NotImplemented:
        return result
    try:
        h = _core_logit_(input.h, eps)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("logit_", [("input", 0, input)])
        raise


def logsigmoid(input):
    "log(sigmoid(input)), without overflow."
    result = _direct_logsigmoid(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_logsigmoid(input.h))
    except AttributeError:
        _check_tensors("logsigmoid", [("input", 1, input)])
        raise


def logsumexp(input, dim=None, keepdim=False, *, axis=None, keepdims=None, out=None):
    "log(sum(exp(input))) over dim, without overflow."
    if axis is not None:
        dim = axis
    if keepdims is not None:
        keepdim = keepdims
    if out is None:
        result = _direct_logsumexp(input, dim, keepdim)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_logsumexp(input.h, _ints(dim), keepdim)))
        return _wrap(_core_logsumexp(input.h, _ints(dim), keepdim))
    except AttributeError:
        _check_tensors("logsumexp", [("input", 1, input)])
        raise


def lt(input, other, *, out=None):
    "Where input < other."
    if out is None:
        result = _direct_lt(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_lt(input.h, other_value, other_kind)))
        return _wrap(_core_lt(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("lt", [("input", 1, input)])
        raise


def lt_(input, other):
    "Where input < other."
    result = _direct_lt_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_lt_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("lt_", [("input", 0, input)])
        raise


def masked_fill(input, mask, value, *, out=None):
    "input with value written where mask is true."
    if out is None:
        result = _direct_masked_fill(input, mask, value)
        if result is not NotImplemented:
            return result
    try:
        value_kind = _kind_of(type(value))
        value_value = value
        if value_kind is None:
            try:
                value_value, value_kind = value.h, 3
            except AttributeError:
                value_value, value_kind = _operand(value)
        if out is not None:
            return _write_out(out, _wrap(_core_masked_fill(input.h, mask.h, value_value, value_kind)))
        return _wrap(_core_masked_fill(input.h, mask.h, value_value, value_kind))
    except AttributeError:
        _check_tensors("masked_fill", [("input", 1, input), ("mask", 2, mask)])
        raise


def masked_fill_(input, mask, value):
    "input with value written where mask is true."
    result = _direct_masked_fill_(input, mask, value)
    if result is not NotImplemented:
        return result
    try:
        value_kind = _kind_of(type(value))
        value_value = value
        if value_kind is None:
            try:
                value_value, value_kind = value.h, 3
            except AttributeError:
                value_value, value_kind = _operand(value)
        h = _core_masked_fill_(input.h, mask.h, value_value, value_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("masked_fill_", [("input", 0, input), ("mask", 1, mask)])
        raise


def matmul(input, other, *, out=None):
    "The matrix product: vectors, matrices and batches of them, as Python's @."
    if out is None:
        result = _direct_matmul(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_matmul(input.h, other.h)))
        return _wrap(_core_matmul(input.h, other.h))
    except AttributeError:
        _check_tensors("matmul", [("input", 1, input), ("other", 2, other)])
        raise


def matrix_exp(input, *, out=None):
    "The exponential of each square matrix."
    if out is None:
        result = _direct_matrix_exp(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_matrix_exp(input.h)))
        return _wrap(_core_matrix_exp(input.h))
    except AttributeError:
        _check_tensors("matrix_exp", [("input", 1, input)])
        raise


def maximum(input, other, *, out=None):
    "The larger of two; NaN wins."
    if out is None:
        result = _direct_maximum(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_maximum(input.h, other.h)))
        return _wrap(_core_maximum(input.h, other.h))
    except AttributeError:
        _check_tensors("maximum", [("input", 1, input), ("other", 2, other)])
        raise


def mean(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=None, out=None):
    "The average over dim, or over all elements."
    if axis is not None:
        dim = axis
    if keepdims is not None:
        keepdim = keepdims
    if out is None:
        result = _direct_mean(input, dim, keepdim, dtype)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_mean(input.h, -1 if dim is None else _ints(dim), keepdim, -1 if dtype is None else dtype.id)))
        return _wrap(_core_mean(input.h, -1 if dim is None else _ints(dim), keepdim, -1 if dtype is None else dtype.id))
    except AttributeError:
        _check_tensors("mean", [("input", 1, input)])
        raise


def minimum(input, other, *, out=None):
    "The smaller of two; NaN wins."
    if out is None:
        result = _direct_minimum(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_minimum(input.h, other.h)))
        return _wrap(_core_minimum(input.h, other.h))
    except AttributeError:
        _check_tensors("minimum", [("input", 1, input), ("other", 2, other)])
        raise


def mish(input):
    "input * tanh(softplus(input))."
    result = _direct_mish(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_mish(input.h))
    except AttributeError:
        _check_tensors("mish", [("input", 1, input)])
        raise


def mish_(input):
    "input * tanh(softplus(input))."
    result = _direct_mish_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_mish_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("mish_", [("input", 0, input)])
        raise


def mm(input, mat2, *, out=None):
    "The product of two matrices."
    if out is None:
        result = _direct_mm(input, mat2)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_mm(input.h, mat2.h)))
        return _wrap(_core_mm(input.h, mat2.h))
    except AttributeError:
        _check_tensors("mm", [("input", 1, input), ("mat2", 2, mat2)])
        raise


def modified_bessel_k0(input, *, out=None):
    "The modified Bessel function of the second kind, of order 0."
    if out is None:
        result = _direct_modified_bessel_k0(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_modified_bessel_k0(input.h)))
        return _wrap(_core_modified_bessel_k0(input.h))
    except AttributeError:
        _check_tensors("modified_bessel_k0", [("input", 1, input)])
        raise


def modified_bessel_k1(input, *, out=None):
    "The modified Bessel function of the second kind, of order 1."
    if out is None:
        result = _direct_modified_bessel_k1(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_modified_bessel_k1(input.h)))
        return _wrap(_core_modified_bessel_k1(input.h))
    except AttributeError:
        _check_tensors("modified_bessel_k1", [("input", 1, input)])
        raise


def movedim(input, source, destination, *, out=None):
    "Dims moved to other places, the rest keeping their order."
    if out is None:
        result = _direct_movedim(input, source, destination)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_movedim(input.h, _ints(source), _ints(destination))))
        return _wrap(_core_movedim(input.h, _ints(source), _ints(destination)))
    except AttributeError:
        _check_tensors("movedim", [("input", 1, input)])
        raise


def mul(input, other, *, out=None):
    "input * other."
    if out is None:
        result = _direct_mul(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_mul(input.h, other_value, other_kind)))
        return _wrap(_core_mul(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("mul", [("input", 1, input)])
        raise


def mul_(input, other):
    "input * other."
    result = _direct_mul_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_mul_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("mul_", [("input", 0, input)])
        raise


def mv(input, vec, *, out=None):
    "A matrix times a vector."
    if out is None:
        result = _direct_mv(input, vec)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_mv(input.h, vec.h)))
        return _wrap(_core_mv(input.h, vec.h))
    except AttributeError:
        _check_tensors("mv", [("input", 1, input), ("vec", 2, vec)])
        raise


def narrow(input, dim, start, length, *, axis=None, out=None):
    "A range of one dim."
    if axis is not None:
        dim = axis
    if out is None:
        result = _direct_narrow(input, dim, start, length)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_narrow(input.h, dim, start, length)))
        return _wrap(_core_narrow(input.h, dim, start, length))
    except AttributeError:
        _check_tensors("narrow", [("input", 1, input)])
        raise


def native_layer_norm(input, normalized_shape, weight, bias, eps):
    "Layer norm with the statistics that backward needs."
    result = _direct_native_layer_norm(input, normalized_shape, weight, bias, eps)
    if result is not NotImplemented:
        return _new_tuple(_native_layer_norm_result, result)
    try:
        return _wrap_named(_native_layer_norm_result, _core_native_layer_norm(input.h, _ints(normalized_shape), 0 if weight is None else weight.h, 0 if bias is None else bias.h, eps))
    except AttributeError:
        _check_tensors("native_layer_norm", [("input", 1, input)])
        raise


def ndtri(input, *, out=None):
    "The x below which the normal distribution has the given area."
    if out is None:
        result = _direct_ndtri(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_ndtri(input.h)))
        return _wrap(_core_ndtri(input.h))
    except AttributeError:
        _check_tensors("ndtri", [("input", 1, input)])
        raise


def ne(input, other, *, out=None):
    "Where input differs from other."
    if out is None:
        result = _direct_ne(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_ne(input.h, other_value, other_kind)))
        return _wrap(_core_ne(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("ne", [("input", 1, input)])
        raise


def ne_(input, other):
    "Where input differs from other."
    result = _direct_ne_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_ne_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("ne_", [("input", 0, input)])
        raise


def neg(input, *, out=None):
    "-input."
    if out is None:
        result = _direct_neg(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_neg(input.h)))
        return _wrap(_core_neg(input.h))
    except AttributeError:
        _check_tensors("neg", [("input", 1, input)])
        raise


def neg_(input):
    "-input."
    result = _direct_neg_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_neg_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("neg_", [("input", 0, input)])
        raise


def nextafter(input, other, *, out=None):
    "The next float towards other."
    if out is None:
        result = _direct_nextafter(input, other)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_nextafter(input.h, other.h)))
        return _wrap(_core_nextafter(input.h, other.h))
    except AttributeError:
        _check_tensors("nextafter", [("input", 1, input), ("other", 2, other)])
        raise


def nextafter_(input, other):
    "The next float towards other."
    result = _direct_nextafter_(input, other)
    if result is not NotImplemented:
        return result
    try:
        h = _core_nextafter_(input.h, other.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("nextafter_", [("input", 0, input), ("other", 1, other)])
        raise


def normal_(input, mean=0.0, std=1.0, *, generator=None):
    "Numbers drawn from the normal distribution."
    result = _direct_normal_(input, mean, std, generator)
    if result is not NotImplemented:
        return result
    try:
        h = _core_normal_(input.h, mean, std, 0 if generator is None else generator.id)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("normal_", [("input", 0, input)])
        raise


def outer(input, vec2, *, out=None):
    "All products of the elements of two vectors."
    if out is None:
        result = _direct_outer(input, vec2)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_outer(input.h, vec2.h)))
        return _wrap(_core_outer(input.h, vec2.h))
    except AttributeError:
        _check_tensors("outer", [("input", 1, input), ("vec2", 2, vec2)])
        raise


def permute(input, dims):
    "Dims in another order."
    result = _direct_permute(input, dims)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_permute(input.h, _ints(dims)))
    except AttributeError:
        _check_tensors("permute", [("input", 1, input)])
        raise


def poisson(input, generator=None, *, out=None):
    "Counts drawn from Poisson distributions of the given rates."
    if out is None:
        result = _direct_poisson(input, generator)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_poisson(input.h, 0 if generator is None else generator.id)))
        return _wrap(_core_poisson(input.h, 0 if generator is None else generator.id))
    except AttributeError:
        _check_tensors("poisson", [("input", 1, input)])
        raise


def polar(abs, angle, *, out=None):
    "abs * exp(angle * 1j)."
    if out is None:
        result = _direct_polar(abs, angle)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_polar(abs.h, angle.h)))
        return _wrap(_core_polar(abs.h, angle.h))
    except AttributeError:
        _check_tensors("polar", [("abs", 1, abs), ("angle", 2, angle)])
        raise


def pow(input, exponent, *, out=None):
    "input to the power of exponent."
    if out is None:
        result = _direct_pow(input, exponent)
        if result is not NotImplemented:
            return result
    try:
        exponent_kind = _kind_of(type(exponent))
        exponent_value = exponent
        if exponent_kind is None:
            try:
                exponent_value, exponent_kind = exponent.h, 3
            except AttributeError:
                exponent_value, exponent_kind = _operand(exponent)
        if out is not None:
            return _write_out(out, _wrap(_core_pow(input.h, exponent_value, exponent_kind)))
        return _wrap(_core_pow(input.h, exponent_value, exponent_kind))
    except AttributeError:
        _check_tensors("pow", [("input", 1, input)])
        raise


def pow_(input, exponent):
    "input to the power of exponent."
    result = _direct_pow_(input, exponent)
    if result is not NotImplemented:
        return result
    try:
        exponent_kind = _kind_of(type(exponent))
        exponent_value = exponent
        if exponent_kind is None:
            try:
                exponent_value, exponent_kind = exponent.h, 3
            except AttributeError:
                exponent_value, exponent_kind = _operand(exponent)
        h = _core_pow_(input.h, exponent_value, exponent_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("pow_", [("input", 0, input)])
        raise


def prelu(input, weight):
    "Leaky ReLU with a learned slope."
    result = _direct_prelu(input, weight)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_prelu(input.h, weight.h))
    except AttributeError:
        _check_tensors("prelu", [("input", 1, input), ("weight", 2, weight)])
        raise


def rad2deg(input, *, out=None):
    "Radians to degrees."
    if out is None:
        result = _direct_rad2deg(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_rad2deg(input.h)))
        return _wrap(_core_rad2deg(input.h))
    except AttributeError:
        _check_tensors("rad2deg", [("input", 1, input)])
        raise


def rad2deg_(input):
    "Radians to degrees."
    result = _direct_rad2deg_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_rad2deg_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("rad2deg_", [("input", 0, input)])
        raise


def real(input, *, out=None):
    "The real part, over the same memory; a real tensor itself."
    if out is None:
        result = _direct_real(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_real(input.h)))
        return _wrap(_core_real(input.h))
    except AttributeError:
        _check_tensors("real", [("input", 1, input)])
        raise


def reciprocal(input, *, out=None):
    "1 / input."
    if out is None:
        result = _direct_reciprocal(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_reciprocal(input.h)))
        return _wrap(_core_reciprocal(input.h))
    except AttributeError:
        _check_tensors("reciprocal", [("input", 1, input)])
        raise


def reciprocal_(input):
    "1 / input."
    result = _direct_reciprocal_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_reciprocal_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("reciprocal_", [("input", 0, input)])
        raise


def relu(input, *, out=None):
    "max(input, 0)."
    if out is None:
        result = _direct_relu(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_relu(input.h)))
        return _wrap(_core_relu(input.h))
    except AttributeError:
        _check_tensors("relu", [("input", 1, input)])
        raise


def relu_(input):
    "max(input, 0)."
    result = _direct_relu_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_relu_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("relu_", [("input", 0, input)])
        raise


def remainder(input, other, *, out=None):
    "Python's input % other: the sign is other's."
    if out is None:
        result = _direct_remainder(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_remainder(input.h, other_value, other_kind)))
        return _wrap(_core_remainder(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("remainder", [("input", 1, input)])
        raise


def remainder_(input, other):
    "Python's input % other: the sign is other's."
    result = _direct_remainder_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_remainder_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("remainder_", [("input", 0, input)])
        raise


def rms_norm(input, normalized_shape, weight=None, eps=None):
    "Each row divided by the root of its mean square, then scaled."
    result = _direct_rms_norm(input, normalized_shape, weight, eps)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_rms_norm(input.h, _ints(normalized_shape), 0 if weight is None else weight.h, eps))
    except AttributeError:
        _check_tensors("rms_norm", [("input", 1, input)])
        raise


def round(input, *, decimals=0, out=None):
    "Rounded to the nearest, halves to even."
    if out is None:
        result = _direct_round(input, decimals)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_round(input.h, decimals)))
        return _wrap(_core_round(input.h, decimals))
    except AttributeError:
        _check_tensors("round", [("input", 1, input)])
        raise


def round_(input, *, decimals=0):
    "Rounded to the nearest, halves to even."
    result = _direct_round_(input, decimals)
    if result is not NotImplemented:
        return result
    try:
        h = _core_round_(input.h, decimals)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("round_", [("input", 0, input)])
        raise


def rsqrt(input, *, out=None):
    "1 / sqrt(input)."
    if out is None:
        result = _direct_rsqrt(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_rsqrt(input.h)))
        return _wrap(_core_rsqrt(input.h))
    except AttributeError:
        _check_tensors("rsqrt", [("input", 1, input)])
        raise


def rsqrt_(input):
    "1 / sqrt(input)."
    result = _direct_rsqrt_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_rsqrt_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("rsqrt_", [("input", 0, input)])
        raise


def rsub(input, other, *, alpha=1, out=None):
    "other - alpha * input."
    if out is None:
        result = _direct_rsub(input, other, alpha)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        alpha_kind = _kind_of(type(alpha))
        if alpha_kind is None:
            alpha, alpha_kind = _number(alpha)
        if out is not None:
            return _write_out(out, _wrap(_core_rsub(input.h, other_value, other_kind, alpha, alpha_kind)))
        return _wrap(_core_rsub(input.h, other_value, other_kind, alpha, alpha_kind))
    except AttributeError:
        _check_tensors("rsub", [("input", 1, input)])
        raise


def scaled_modified_bessel_k0(input, *, out=None):
    "exp(x) K0(x)."
    if out is None:
        result = _direct_scaled_modified_bessel_k0(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_scaled_modified_bessel_k0(input.h)))
        return _wrap(_core_scaled_modified_bessel_k0(input.h))
    except AttributeError:
        _check_tensors("scaled_modified_bessel_k0", [("input", 1, input)])
        raise


def scaled_modified_bessel_k1(input, *, out=None):
    "exp(x) K1(x)."
    if out is None:
        result = _direct_scaled_modified_bessel_k1(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_scaled_modified_bessel_k1(input.h)))
        return _wrap(_core_scaled_modified_bessel_k1(input.h))
    except AttributeError:
        _check_tensors("scaled_modified_bessel_k1", [("input", 1, input)])
        raise


def scatter_add(input, dim, index, src, *, axis=None, out=None):
    "input with src added at index; repeated indices add up."
    if axis is not None:
        dim = axis
    if out is None:
        result = _direct_scatter_add(input, dim, index, src)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_scatter_add(input.h, dim, index.h, src.h)))
        return _wrap(_core_scatter_add(input.h, dim, index.h, src.h))
    except AttributeError:
        _check_tensors("scatter_add", [("input", 1, input), ("index", 3, index), ("src", 4, src)])
        raise


def select(input, dim, index, *, axis=None):
    "One index of a dim; the dim goes away."
    if axis is not None:
        dim = axis
    result = _direct_select(input, dim, index)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_select(input.h, dim, index))
    except AttributeError:
        _check_tensors("select", [("input", 1, input)])
        raise


def selu(input, *, out=None):
    "The self-normalising ELU."
    if out is None:
        result = _direct_selu(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_selu(input.h)))
        return _wrap(_core_selu(input.h))
    except AttributeError:
        _check_tensors("selu", [("input", 1, input)])
        raise


def selu_(input):
    "The self-normalising ELU."
    result = _direct_selu_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_selu_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("selu_", [("input", 0, input)])
        raise


def sgn(input, *, out=None):
    "The sign of a real number; of a complex one its direction, with size one."
    if out is None:
        result = _direct_sgn(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_sgn(input.h)))
        return _wrap(_core_sgn(input.h))
    except AttributeError:
        _check_tensors("sgn", [("input", 1, input)])
        raise


def shifted_chebyshev_polynomial_t(input, n, *, out=None):
    "The shifted chebyshev polynomial t of degree n."
    if out is None:
        result = _direct_shifted_chebyshev_polynomial_t(input, n)
        if result is not NotImplemented:
            return result
    try:
        n_kind = _kind_of(type(n))
        n_value = n
        if n_kind is None:
            try:
                n_value, n_kind = n.h, 3
            except AttributeError:
                n_value, n_kind = _operand(n)
        if out is not None:
            return _write_out(out, _wrap(_core_shifted_chebyshev_polynomial_t(input.h, n_value, n_kind)))
        return _wrap(_core_shifted_chebyshev_polynomial_t(input.h, n_value, n_kind))
    except AttributeError:
        _check_tensors("shifted_chebyshev_polynomial_t", [("input", 1, input)])
        raise


def shifted_chebyshev_polynomial_u(input, n, *, out=None):
    "The shifted chebyshev polynomial u of degree n."
    if out is None:
        result = _direct_shifted_chebyshev_polynomial_u(input, n)
        if result is not NotImplemented:
            return result
    try:
        n_kind = _kind_of(type(n))
        n_value = n
        if n_kind is None:
            try:
                n_value, n_kind = n.h, 3
            except AttributeError:
                n_value, n_kind = _operand(n)
        if out is not None:
            return _write_out(out, _wrap(_core_shifted_chebyshev_polynomial_u(input.h, n_value, n_kind)))
        return _wrap(_core_shifted_chebyshev_polynomial_u(input.h, n_value, n_kind))
    except AttributeError:
        _check_tensors("shifted_chebyshev_polynomial_u", [("input", 1, input)])
        raise


def shifted_chebyshev_polynomial_v(input, n, *, out=None):
    "The shifted chebyshev polynomial v of degree n."
    if out is None:
        result = _direct_shifted_chebyshev_polynomial_v(input, n)
        if result is not NotImplemented:
            return result
    try:
        n_kind = _kind_of(type(n))
        n_value = n
        if n_kind is None:
            try:
                n_value, n_kind = n.h, 3
            except AttributeError:
                n_value, n_kind = _operand(n)
        if out is not None:
            return _write_out(out, _wrap(_core_shifted_chebyshev_polynomial_v(input.h, n_value, n_kind)))
        return _wrap(_core_shifted_chebyshev_polynomial_v(input.h, n_value, n_kind))
    except AttributeError:
        _check_tensors("shifted_chebyshev_polynomial_v", [("input", 1, input)])
        raise


def shifted_chebyshev_polynomial_w(input, n, *, out=None):
    "The shifted chebyshev polynomial w of degree n."
    if out is None:
        result = _direct_shifted_chebyshev_polynomial_w(input, n)
        if result is not NotImplemented:
            return result
    try:
        n_kind = _kind_of(type(n))
        n_value = n
        if n_kind is None:
            try:
                n_value, n_kind = n.h, 3
            except AttributeError:
                n_value, n_kind = _operand(n)
        if out is not None:
            return _write_out(out, _wrap(_core_shifted_chebyshev_polynomial_w(input.h, n_value, n_kind)))
        return _wrap(_core_shifted_chebyshev_polynomial_w(input.h, n_value, n_kind))
    except AttributeError:
        _check_tensors("shifted_chebyshev_polynomial_w", [("input", 1, input)])
        raise


def sigmoid(input, *, out=None):
    "1 / (1 + exp(-input))."
    if out is None:
        result = _direct_sigmoid(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_sigmoid(input.h)))
        return _wrap(_core_sigmoid(input.h))
    except AttributeError:
        _check_tensors("sigmoid", [("input", 1, input)])
        raise


def sigmoid_(input):
    "1 / (1 + exp(-input))."
    result = _direct_sigmoid_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_sigmoid_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("sigmoid_", [("input", 0, input)])
        raise


def sign(input, *, out=None):
    "-1, 0 or 1."
    if out is None:
        result = _direct_sign(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_sign(input.h)))
        return _wrap(_core_sign(input.h))
    except AttributeError:
        _check_tensors("sign", [("input", 1, input)])
        raise


def sign_(input):
    "-1, 0 or 1."
    result = _direct_sign_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_sign_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("sign_", [("input", 0, input)])
        raise


def signbit(input, *, out=None):
    "Where the sign bit is set."
    if out is None:
        result = _direct_signbit(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_signbit(input.h)))
        return _wrap(_core_signbit(input.h))
    except AttributeError:
        _check_tensors("signbit", [("input", 1, input)])
        raise


def silu(input):
    "input * sigmoid(input)."
    result = _direct_silu(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_silu(input.h))
    except AttributeError:
        _check_tensors("silu", [("input", 1, input)])
        raise


def silu_(input):
    "input * sigmoid(input)."
    result = _direct_silu_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_silu_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("silu_", [("input", 0, input)])
        raise


def sin(input, *, out=None):
    "The sine."
    if out is None:
        result = _direct_sin(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_sin(input.h)))
        return _wrap(_core_sin(input.h))
    except AttributeError:
        _check_tensors("sin", [("input", 1, input)])
        raise


def sin_(input):
    "The sine."
    result = _direct_sin_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_sin_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("sin_", [("input", 0, input)])
        raise


def sinc(input, *, out=None):
    "sin(pi x) / (pi x), 1 at 0."
    if out is None:
        result = _direct_sinc(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_sinc(input.h)))
        return _wrap(_core_sinc(input.h))
    except AttributeError:
        _check_tensors("sinc", [("input", 1, input)])
        raise


def sinc_(input):
    "sin(pi x) / (pi x), 1 at 0."
    result = _direct_sinc_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_sinc_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("sinc_", [("input", 0, input)])
        raise


def sinh(input, *, out=None):
    "The hyperbolic sine."
    if out is None:
        result = _direct_sinh(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_sinh(input.h)))
        return _wrap(_core_sinh(input.h))
    except AttributeError:
        _check_tensors("sinh", [("input", 1, input)])
        raise


def sinh_(input):
    "The hyperbolic sine."
    result = _direct_sinh_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_sinh_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("sinh_", [("input", 0, input)])
        raise


def softmax(input, dim=None, dtype=None, *, axis=None, out=None):
    "Each slice along dim rescaled to be positive and to sum to 1: exp(x - max x) / sum exp(x - max x)."
    if axis is not None:
        dim = axis
    if out is None:
        result = _direct_softmax(input, dim, dtype)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_softmax(input.h, dim, -1 if dtype is None else dtype.id)))
        return _wrap(_core_softmax(input.h, dim, -1 if dtype is None else dtype.id))
    except AttributeError:
        _check_tensors("softmax", [("input", 1, input)])
        raise


def softplus(input, beta=1.0, threshold=20.0):
    "log(1 + exp(beta * input)) / beta; linear above the threshold."
    result = _direct_softplus(input, beta, threshold)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_softplus(input.h, beta, threshold))
    except AttributeError:
        _check_tensors("softplus", [("input", 1, input)])
        raise


def softshrink(input, lambd=0.5):
    "Pulled towards 0 by lambd."
    result = _direct_softshrink(input, lambd)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_softshrink(input.h, lambd))
    except AttributeError:
        _check_tensors("softshrink", [("input", 1, input)])
        raise


def spherical_bessel_j0(input, *, out=None):
    "sin(x) / x."
    if out is None:
        result = _direct_spherical_bessel_j0(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_spherical_bessel_j0(input.h)))
        return _wrap(_core_spherical_bessel_j0(input.h))
    except AttributeError:
        _check_tensors("spherical_bessel_j0", [("input", 1, input)])
        raise


def split_with_sizes(input, split_sizes, dim=0, *, axis=None):
    "Consecutive pieces of the given sizes along dim."
    if axis is not None:
        dim = axis
    result = _direct_split_with_sizes(input, split_sizes, dim)
    if result is not NotImplemented:
        return result
    try:
        return _wrap_many(_core_split_with_sizes(input.h, _ints(split_sizes), dim))
    except AttributeError:
        _check_tensors("split_with_sizes", [("input", 1, input)])
        raise


def sqrt(input, *, out=None):
    "The square root."
    if out is None:
        result = _direct_sqrt(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_sqrt(input.h)))
        return _wrap(_core_sqrt(input.h))
    except AttributeError:
        _check_tensors("sqrt", [("input", 1, input)])
        raise


def sqrt_(input):
    "The square root."
    result = _direct_sqrt_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_sqrt_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("sqrt_", [("input", 0, input)])
        raise


def square(input, *, out=None):
    "input * input."
    if out is None:
        result = _direct_square(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_square(input.h)))
        return _wrap(_core_square(input.h))
    except AttributeError:
        _check_tensors("square", [("input", 1, input)])
        raise


def square_(input):
    "input * input."
    result = _direct_square_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_square_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("square_", [("input", 0, input)])
        raise


def squeeze(input, dim=None, *, axis=None):
    "Dims of size 1 removed: all of them, or those named."
    if axis is not None:
        dim = axis
    result = _direct_squeeze(input, dim)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_squeeze(input.h, -1 if dim is None else _ints(dim)))
    except AttributeError:
        _check_tensors("squeeze", [("input", 1, input)])
        raise


def stack(tensors, dim=0, *, axis=None, out=None):
    "Tensors of one shape joined along a new dim."
    if axis is not None:
        dim = axis
    if out is None:
        result = _direct_stack(tensors, dim)
        if result is not NotImplemented:
            return result
    if out is not None:
        return _write_out(out, _wrap(_core_stack(_handles(tensors), dim)))
    return _wrap(_core_stack(_handles(tensors), dim))


def sub(input, other, *, alpha=1, out=None):
    "input - alpha * other."
    if out is None:
        result = _direct_sub(input, other, alpha)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        alpha_kind = _kind_of(type(alpha))
        if alpha_kind is None:
            alpha, alpha_kind = _number(alpha)
        if out is not None:
            return _write_out(out, _wrap(_core_sub(input.h, other_value, other_kind, alpha, alpha_kind)))
        return _wrap(_core_sub(input.h, other_value, other_kind, alpha, alpha_kind))
    except AttributeError:
        _check_tensors("sub", [("input", 1, input)])
        raise


def sub_(input, other, *, alpha=1):
    "input - alpha * other."
    result = _direct_sub_(input, other, alpha)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        alpha_kind = _kind_of(type(alpha))
        if alpha_kind is None:
            alpha, alpha_kind = _number(alpha)
        h = _core_sub_(input.h, other_value, other_kind, alpha, alpha_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("sub_", [("input", 0, input)])
        raise


def sum(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=None, out=None):
    "The sum over dim, or over all elements; integers are summed in int64."
    if axis is not None:
        dim = axis
    if keepdims is not None:
        keepdim = keepdims
    if out is None:
        result = _direct_sum(input, dim, keepdim, dtype)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_sum(input.h, -1 if dim is None else _ints(dim), keepdim, -1 if dtype is None else dtype.id)))
        return _wrap(_core_sum(input.h, -1 if dim is None else _ints(dim), keepdim, -1 if dtype is None else dtype.id))
    except AttributeError:
        _check_tensors("sum", [("input", 1, input)])
        raise


def t(input, *, out=None):
    "A matrix transposed; vectors and numbers as they are."
    if out is None:
        result = _direct_t(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_t(input.h)))
        return _wrap(_core_t(input.h))
    except AttributeError:
        _check_tensors("t", [("input", 1, input)])
        raise


def tan(input, *, out=None):
    "The tangent."
    if out is None:
        result = _direct_tan(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_tan(input.h)))
        return _wrap(_core_tan(input.h))
    except AttributeError:
        _check_tensors("tan", [("input", 1, input)])
        raise


def tan_(input):
    "The tangent."
    result = _direct_tan_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_tan_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("tan_", [("input", 0, input)])
        raise


def tanh(input, *, out=None):
    "The hyperbolic tangent."
    if out is None:
        result = _direct_tanh(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_tanh(input.h)))
        return _wrap(_core_tanh(input.h))
    except AttributeError:
        _check_tensors("tanh", [("input", 1, input)])
        raise


def tanh_(input):
    "The hyperbolic tangent."
    result = _direct_tanh_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_tanh_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("tanh_", [("input", 0, input)])
        raise


def threshold(input, threshold, value, *, out=None):
    "input where it is above the threshold, value elsewhere."
    if out is None:
        result = _direct_threshold(input, threshold, value)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_threshold(input.h, threshold, value)))
        return _wrap(_core_threshold(input.h, threshold, value))
    except AttributeError:
        _check_tensors("threshold", [("input", 1, input)])
        raise


def threshold_(input, threshold, value):
    "input where it is above the threshold, value elsewhere."
    result = _direct_threshold_(input, threshold, value)
    if result is not NotImplemented:
        return result
    try:
        h = _core_threshold_(input.h, threshold, value)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("threshold_", [("input", 0, input)])
        raise


def topk(input, k, dim=-1, largest=True, sorted=True, *, axis=None):
    "The k largest (or smallest) along dim, and where they are."
    if axis is not None:
        dim = axis
    result = _direct_topk(input, k, dim, largest, sorted)
    if result is not NotImplemented:
        return _new_tuple(_topk_result, result)
    try:
        return _wrap_named(_topk_result, _core_topk(input.h, k, dim, largest, sorted))
    except AttributeError:
        _check_tensors("topk", [("input", 1, input)])
        raise


def transpose(input, dim0, dim1):
    "Two dims swapped."
    result = _direct_transpose(input, dim0, dim1)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_transpose(input.h, dim0, dim1))
    except AttributeError:
        _check_tensors("transpose", [("input", 1, input)])
        raise


def tril(input, diagonal=0, *, out=None):
    "Zeros above the diagonal."
    if out is None:
        result = _direct_tril(input, diagonal)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_tril(input.h, diagonal)))
        return _wrap(_core_tril(input.h, diagonal))
    except AttributeError:
        _check_tensors("tril", [("input", 1, input)])
        raise


def triu(input, diagonal=0, *, out=None):
    "Zeros below the diagonal."
    if out is None:
        result = _direct_triu(input, diagonal)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_triu(input.h, diagonal)))
        return _wrap(_core_triu(input.h, diagonal))
    except AttributeError:
        _check_tensors("triu", [("input", 1, input)])
        raise


def true_divide(input, other, *, out=None):
    "input / other, in floating point."
    if out is None:
        result = _direct_true_divide(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_true_divide(input.h, other_value, other_kind)))
        return _wrap(_core_true_divide(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("true_divide", [("input", 1, input)])
        raise


def true_divide_(input, other):
    "input / other, in floating point."
    result = _direct_true_divide_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_true_divide_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("true_divide_", [("input", 0, input)])
        raise


def trunc(input, *, out=None):
    "Rounded towards zero."
    if out is None:
        result = _direct_trunc(input)
        if result is not NotImplemented:
            return result
    try:
        if out is not None:
            return _write_out(out, _wrap(_core_trunc(input.h)))
        return _wrap(_core_trunc(input.h))
    except AttributeError:
        _check_tensors("trunc", [("input", 1, input)])
        raise


def trunc_(input):
    "Rounded towards zero."
    result = _direct_trunc_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_trunc_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("trunc_", [("input", 0, input)])
        raise


def unbind(input, dim=0, *, axis=None):
    "All indices of a dim, as a list."
    if axis is not None:
        dim = axis
    result = _direct_unbind(input, dim)
    if result is not NotImplemented:
        return result
    try:
        return _wrap_many(_core_unbind(input.h, dim))
    except AttributeError:
        _check_tensors("unbind", [("input", 1, input)])
        raise


def unfold(input, dimension, size, step):
    "Sliding windows of a dim; the window becomes the last dim."
    result = _direct_unfold(input, dimension, size, step)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_unfold(input.h, dimension, size, step))
    except AttributeError:
        _check_tensors("unfold", [("input", 1, input)])
        raise


def uniform_(input, from_=0.0, to=1.0, *, generator=None):
    "Numbers drawn evenly from [from, to)."
    result = _direct_uniform_(input, from_, to, generator)
    if result is not NotImplemented:
        return result
    try:
        h = _core_uniform_(input.h, from_, to, 0 if generator is None else generator.id)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("uniform_", [("input", 0, input)])
        raise


def unsqueeze(input, dim=None, *, axis=None):
    "A dim of size 1 inserted before dim."
    if axis is not None:
        dim = axis
    result = _direct_unsqueeze(input, dim)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_unsqueeze(input.h, dim))
    except AttributeError:
        _check_tensors("unsqueeze", [("input", 1, input)])
        raise


def view_as_complex(input):
    "Pairs of reals in the last dim as complex numbers, over the same memory."
    result = _direct_view_as_complex(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_view_as_complex(input.h))
    except AttributeError:
        _check_tensors("view_as_complex", [("input", 1, input)])
        raise


def view_as_real(input):
    "Complex numbers as pairs of reals in a new last dim, over the same memory."
    result = _direct_view_as_real(input)
    if result is not NotImplemented:
        return result
    try:
        return _wrap(_core_view_as_real(input.h))
    except AttributeError:
        _check_tensors("view_as_real", [("input", 1, input)])
        raise


def xlogy(input, other, *, out=None):
    "input * log(other), 0 where input is 0."
    if out is None:
        result = _direct_xlogy(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_xlogy(input.h, other_value, other_kind)))
        return _wrap(_core_xlogy(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("xlogy", [("input", 1, input)])
        raise


def xlogy_(input, other):
    "input * log(other), 0 where input is 0."
    result = _direct_xlogy_(input, other)
    if result is not NotImplemented:
        return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        h = _core_xlogy_(input.h, other_value, other_kind)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("xlogy_", [("input", 0, input)])
        raise


def zero_(input):
    "Set every element to zero."
    result = _direct_zero_(input)
    if result is not NotImplemented:
        return result
    try:
        h = _core_zero_(input.h)
        if h == 0:
            _raise()
        _core_drop(h)
        return input
    except AttributeError:
        _check_tensors("zero_", [("input", 0, input)])
        raise


def zeta(input, other, *, out=None):
    "Hurwitz' zeta: the sum of (other + k)^-input over k >= 0."
    if out is None:
        result = _direct_zeta(input, other)
        if result is not NotImplemented:
            return result
    try:
        other_kind = _kind_of(type(other))
        other_value = other
        if other_kind is None:
            try:
                other_value, other_kind = other.h, 3
            except AttributeError:
                other_value, other_kind = _operand(other)
        if out is not None:
            return _write_out(out, _wrap(_core_zeta(input.h, other_value, other_kind)))
        return _wrap(_core_zeta(input.h, other_value, other_kind))
    except AttributeError:
        _check_tensors("zeta", [("input", 1, input)])
        raise
