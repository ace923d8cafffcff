"""Fake quantization with its gradients, products of int8 matrices, and what eight-bit floats are and refuse."""

E4 = "torch.float8_e4m3fn"
E5 = "torch.float8_e5m2"
QPARAMS = "torch.tensor([0.02, 0.5, 0.13]), torch.tensor([3, -4, 0], dtype=torch.int32)"
LEARNT = "torch.tensor([0.07], requires_grad=True), torch.tensor([1.6], requires_grad=True)"
LEARNT_CHANNELS = "torch.tensor([0.02, 0.5, 0.13]), torch.tensor([2.4, -3.5, 0.5])"


def declare(family):
    for low, high in ((0, 255), (-128, 127), (-8, 7)):
        for scale, zero in ((0.013, 0), (0.37, 3), (1e-3, 7)):
            call = f"torch.fake_quantize_per_tensor_affine(a, {scale}, {zero}, {low}, {high})"
            for spec in ("f32[40]", "f32[3,5]:t", "f16[20]", "f64[20]"):
                family.add("fake_quantize_per_tensor_affine", call, spec)
        call = f"torch.fake_quantize_per_channel_affine(a, {QPARAMS}, AXIS, {low}, {high})"
        family.add("fake_quantize_per_channel_affine", call.replace("AXIS", "0"), "f32[3,7]")
        family.add("fake_quantize_per_channel_affine", call.replace("AXIS", "1"), "f32[2,3,4]")
    family.block(
        "fake_quantize_per_tensor_affine",
        """
torch.fake_quantize_per_tensor_affine(a, torch.tensor(0.1), torch.tensor(5, dtype=torch.int32), 0, 255) ; f32[17]
torch.fake_quantize_per_tensor_affine(a, torch.tensor([0.1]), torch.tensor([5], dtype=torch.int32), 0, 15) ; f32[2,9]
torch.fake_quantize_per_tensor_affine(a, 0.1, 5, 9, 3) ; f32[3]
torch.fake_quantize_per_tensor_affine(a, 0.1, 300, 0, 255) ; f32[3]
""",
    )
    family.block(
        "fake_quantize_per_channel_affine",
        """
torch.fake_quantize_per_channel_affine(a, torch.ones(2), torch.zeros(3, dtype=torch.int32), 0, 0, 255) ; f32[3,2]
torch.fake_quantize_per_channel_affine(a, torch.ones(2), torch.zeros(2, dtype=torch.int32), 0, 0, 255) ; f32[3,2]
torch.fake_quantize_per_channel_affine(a, torch.ones(3), torch.zeros(3, dtype=torch.int64), 0, 0, 255) ; f32[3,2]
torch.fake_quantize_per_channel_affine(a, torch.ones(3), torch.full((3,), 1.3), 0, 0, 255) ; f32[3,2]
torch.fake_quantize_per_channel_affine(a, torch.ones(3).double(), torch.zeros(3, dtype=torch.int32), 0, 0, 255) ; f32[3,2]
torch.fake_quantize_per_channel_affine(a, torch.ones(3), torch.full((3,), 300, dtype=torch.int32), 0, 0, 255) ; f32[3,2]
""",
    )
    for low, high in ((0, 15), (-8, 7), (-128, 127)):
        for factor in ("", ", 0.25"):
            call = f"torch._fake_quantize_learnable_per_tensor_affine(a, b, c, {low}, {high}{factor})"
            family.add("_fake_quantize_learnable_per_tensor_affine", call, "f32[60]", "f32[1]:pos", "f32[1]", near=64, scale="tensor")
            call = f"torch._fake_quantize_learnable_per_channel_affine(a, b, c, 1, {low}, {high}{factor})"
            family.add("_fake_quantize_learnable_per_channel_affine", call, "f32[4,3,5]", "f32[3]:pos", "f32[3]", near=64, scale="tensor")
    family.block(
        "_int_mm",
        """
torch._int_mm(a, b) ; i8[32,16] ; i8[16,24]
torch._int_mm(a, b) ; i8[17,64] ; i8[64,8]
torch._int_mm(a, b.t()) ; i8[40,48] ; i8[16,48]
torch._int_mm(a, b) ; i8[32,16]:t ; i8[16,24]
torch._int_mm(a, b) ; i8[32,16] ; i8[24,16]
torch._int_mm(a, b) ; f32[32,16] ; i8[16,24]
torch._int_mm(a, b) ; i8[32,16] ; f32[16,24]
torch._int_mm(a, b) ; i8[16] ; i8[16,24]
""",
    )
    for target in (E4, E5):
        for source in ("f32", "f64", "f16"):
            family.add("float8", f"a.to({target}).float()", f"{source}[64]")
            family.add("float8", f"torch.nan_to_num(a.to({target}).float(), 77.0)", f"{source}[22]:special", gradient=False)
        for source in ("i64", "i32", "i16", "i8", "u8", "b"):
            family.add("float8", f"a.to({target}).view(torch.uint8)", f"{source}[20]")
        for other in ("float16", "bfloat16", "float64", "int32", "bool", "complex64"):
            family.add("float8", f"torch.arange(0, 96, dtype=torch.uint8).view({target}).to(torch.{other})", "f32[1]", gradient=False)
        for call in (
            "a.to(T).reshape(2, 6).t().contiguous().float()", "torch.cat([a.to(T), a.to(T)]).float()", "a.to(T)[3:7].clone().float()",
            "a.to(T)[torch.tensor([1, 1, 5])].float()", "torch.index_select(a.to(T), 0, torch.tensor([2])).float()",
            "a.to(T).abs().float()", "(a.to(T) * a.to(T)).float()", "a.to(T) == a.to(T)", "a.to(T) + a.to(T)", "a.to(T) - 1", "a.to(T) + a",
            "a.to(T) * 2", "a.to(T) / a.to(T)", "-a.to(T)", "a.to(T).sum()", "a.to(T).mean()", "a.to(T).max()", "a.to(T).amax()", "a.to(T).exp()",
            "a.to(T).sigmoid()", "a.to(T) < a.to(T)", "a.to(T).clamp(0, 1)", "a.to(T).relu()", "a.to(T).sort()", "a.to(T).std()",
            "torch.full((3,), 1.5, dtype=T).float()", "torch.full((3,), 1e6, dtype=T)", "torch.zeros(3, dtype=T).view(torch.uint8)",
            "torch.ones_like(a, dtype=T).float()", "torch.arange(3, dtype=T)", "torch.tensor([1.0, -2.5, 1000.0], dtype=T).float()",
            "torch.where(a > 0, a.to(T), a.to(T)).float()", "torch.promote_types(T, torch.float32)", "a.to(T).tolist()", "a.to(T)[2].item()",
            "repr(a.to(T))", "a.to(T).type()", "a.to(T).element_size()", "torch.finfo(T).max", "torch.empty(4, dtype=T).copy_(a[:4]).float()",
            "a.to(T).isnan()", "a.to(T).to(torch.float8_e5m2).float()", "torch.stack([a.to(T)] * 2).view(torch.uint8)",
            "torch.mm(a.to(T).view(3, 4), a.to(T).view(4, 3)).float()", "torch.nn.functional.linear(a.view(3, 4), a.to(T).view(3, 4))",
        ):  # fmt: skip
            family.add("float8", call.replace("T)", f"{target})").replace("T,", f"{target},"), "f32[12]", gradient=False)
