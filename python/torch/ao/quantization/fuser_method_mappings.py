"""How sequences of layers become one: which, and by what."""

from torch import nn
from torch.ao.nn.intrinsic.modules import fused
from torch.ao.quantization.utils import get_combined_dict
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

_CONV_BN = {nn.Conv1d: fused.ConvBn1d, nn.Conv2d: fused.ConvBn2d, nn.Conv3d: fused.ConvBn3d}
_CONV_BN_RELU = {nn.Conv1d: fused.ConvBnReLU1d, nn.Conv2d: fused.ConvBnReLU2d, nn.Conv3d: fused.ConvBnReLU3d}
_CONV_RELU = {nn.Conv1d: fused.ConvReLU1d, nn.Conv2d: fused.ConvReLU2d, nn.Conv3d: fused.ConvReLU3d}


def _check_norm(n_channels, bn, what, norm):
    """That the norm's statistics can be part of the layer before it."""
    if bn.num_features != n_channels:
        raise AssertionError(f"{what} must match num_features of {norm}.")
    if not bn.affine:
        raise AssertionError(f"Only support fusing {norm} with affine set to True")
    if not bn.track_running_stats:
        raise AssertionError(f"Only support fusing {norm} with tracking_running_stats set to True")


def _check_modes(message, *modules):
    if len({m.training for m in modules}) > 1:
        raise AssertionError(message)


def fuse_conv_bn(is_qat, conv, bn):
    _check_modes("Conv and BN both must be in the same mode (train or eval).", conv, bn)
    if not is_qat:
        return fuse_conv_bn_eval(conv, bn)
    _check_norm(conv.out_channels, bn, "Output channel of Conv2d", "BatchNorm2d")
    if type(conv) not in _CONV_BN:
        raise NotImplementedError(f"Cannot fuse train modules: {(conv, bn)}")
    return _CONV_BN[type(conv)](conv, bn)


def fuse_conv_bn_relu(is_qat, conv, bn, relu):
    _check_modes("Conv and BN both must be in the same mode (train or eval).", conv, bn, relu)
    known = _CONV_BN_RELU if is_qat else _CONV_RELU
    if is_qat:
        _check_norm(conv.out_channels, bn, "Output channel of Conv2d", "BatchNorm2d")
    if type(conv) not in known:
        raise NotImplementedError(f"Cannot fuse {'train' if is_qat else 'eval'} modules: {(conv, bn, relu)}")
    return known[type(conv)](conv, bn, relu) if is_qat else known[type(conv)](fuse_conv_bn_eval(conv, bn), relu)


def fuse_linear_bn(is_qat, linear, bn):
    _check_modes("Linear and BN both must be in the same mode (train or eval).", linear, bn)
    if not is_qat:
        return fuse_linear_bn_eval(linear, bn)
    _check_norm(linear.out_features, bn, "Output features of Linear", "BatchNorm1d")
    return fused.LinearBn1d(linear, bn)


def fuse_convtranspose_bn(is_qat, convt, bn):
    _check_modes("ConvTranspose and BN both must be in the same mode (train or eval).", convt, bn)
    if is_qat:
        raise Exception("Fusing ConvTranspose+BatchNorm not yet supported in QAT.")
    return fuse_conv_bn_eval(convt, bn, transpose=True)


def _pair_of(sequence):
    return lambda is_qat, first, second: sequence(first, second)


_DEFAULT_OP_LIST_TO_FUSER_METHOD = {
    (nn.Conv1d, nn.BatchNorm1d): fuse_conv_bn, (nn.Conv1d, nn.BatchNorm1d, nn.ReLU): fuse_conv_bn_relu,
    (nn.Conv2d, nn.BatchNorm2d): fuse_conv_bn, (nn.Conv2d, nn.BatchNorm2d, nn.ReLU): fuse_conv_bn_relu,
    (nn.Conv3d, nn.BatchNorm3d): fuse_conv_bn, (nn.Conv3d, nn.BatchNorm3d, nn.ReLU): fuse_conv_bn_relu,
    (nn.Conv1d, nn.ReLU): _pair_of(fused.ConvReLU1d), (nn.Conv2d, nn.ReLU): _pair_of(fused.ConvReLU2d),
    (nn.Conv3d, nn.ReLU): _pair_of(fused.ConvReLU3d), (nn.Linear, nn.BatchNorm1d): fuse_linear_bn,
    (nn.Linear, nn.ReLU): _pair_of(fused.LinearReLU), (nn.BatchNorm2d, nn.ReLU): _pair_of(fused.BNReLU2d),
    (nn.BatchNorm3d, nn.ReLU): _pair_of(fused.BNReLU3d), (nn.ConvTranspose1d, nn.BatchNorm1d): fuse_convtranspose_bn,
    (nn.ConvTranspose2d, nn.BatchNorm2d): fuse_convtranspose_bn,
    (nn.ConvTranspose3d, nn.BatchNorm3d): fuse_convtranspose_bn,
}


def get_fuser_method(op_list, additional_fuser_method_mapping=None):
    known = get_combined_dict(_DEFAULT_OP_LIST_TO_FUSER_METHOD, additional_fuser_method_mapping or {})
    found = known.get(op_list)
    if found is None:
        raise AssertionError(f"did not find fuser method for: {op_list} ")
    return found
