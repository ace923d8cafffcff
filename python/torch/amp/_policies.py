"""Which functions autocast converts for, as PyTorch 2.13 behaves: `lower` ones compute in the chosen half type, `full` ones in
float32, `widest` ones in the widest type of their arguments, `first` ones in that of the first argument, `apart` ones in whatever
they are given although they are made of others, `through` ones convert and leave what they call to its own rules,
`loss` ones are `full` unless their targets are class numbers, whose kernel takes logits as they are. Facts about names.
"""

CPU = {
    "lower": """
        conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d conv_tbc bmm mm baddbmm addmm addbmm linear matmul
        __matmul__ __rmatmul__ vecdot scaled_dot_product_attention einsum tensordot inner multi_dot chain_matmul lstm rnn_tanh rnn_relu
    """,
    "full": """
        avg_pool3d adaptive_avg_pool3d max_pool3d max_pool3d_with_indices adaptive_max_pool3d adaptive_max_pool3d_with_indices
        fractional_max_pool2d fractional_max_pool3d fractional_max_pool2d_with_indices fractional_max_pool3d_with_indices
        max_unpool1d max_unpool2d max_unpool3d local_response_norm grid_sample grid_sampler binary_cross_entropy
        binary_cross_entropy_with_logits mse_loss l1_loss smooth_l1_loss huber_loss nll_loss cross_entropy kl_div poisson_nll_loss
        hinge_embedding_loss cosine_embedding_loss margin_ranking_loss soft_margin_loss triplet_margin_loss multi_margin_loss
        multilabel_margin_loss ctc_loss cdist prod quantile nanquantile trace stft polar view_as_complex cholesky cholesky_ex
        cholesky_inverse cholesky_solve inverse inv inv_ex solve svd svdvals qr eig eigh eigvals eigvalsh lstsq cond matrix_rank lu_solve
        orgqr ormqr pinverse householder_product tensorinv tensorsolve geqrf fft ifft fft2 ifft2 fftn ifftn rfft irfft rfft2 irfft2
        rfftn irfftn hfft ihfft
    """,
    "widest": "cat concat concatenate stack index_copy",
    "first": "prelu group_norm",
    "apart": "bilinear",
    "through": "_run_layers",
    "pads": "pad",
}

CUDA = {
    "lower": """
        conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d conv_tbc bmm mm mv baddbmm addmm addbmm addmv addr
        linear matmul __matmul__ __rmatmul__ vecdot scaled_dot_product_attention einsum tensordot inner multi_dot chain_matmul prelu
        lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell
    """,
    "full": """
        acos asin cosh erfinv exp expm1 log log10 log2 log1p reciprocal rsqrt sinh tan pow __pow__ __rpow__ softplus layer_norm
        group_norm norm cosine_similarity poisson_nll_loss cosine_embedding_loss nll_loss hinge_embedding_loss kl_div
        l1_loss smooth_l1_loss huber_loss mse_loss margin_ranking_loss multilabel_margin_loss soft_margin_loss triplet_margin_loss
        multi_margin_loss binary_cross_entropy_with_logits dist pdist cdist renorm logsumexp prod softmax log_softmax cumprod cumsum
        vector_norm matrix_norm sum
    """,
    "widest": "cat concat concatenate stack addcdiv addcmul atan2 bilinear cross dot vdot grid_sample index_put scatter_add",
    "first": "group_norm",
    "loss": "cross_entropy",
    "through": "_run_layers",
}
