"""Views and rearrangements: shapes, strides, sharing of memory, and the words when a shape cannot be had."""

TWO = ("f32", "i64")
VIEWS = {
    "view": """
a.view(6) ; *[2,3]
a.view(3, 2) ; *[2,3]
a.view(-1) ; *[2,3]
a.view(2, -1, 1) ; *[2,3]
a.view((3, -1)) ; *[2,3]
a.view(torch.Size([6])) ; *[2,3]
a.view(4) ; *[2,3]
a.view(-1, -1) ; *[2,3]
a.view(4, -1) ; *[2,3]
a.view(6) ; *[2,3]:t
a.view(3, 2, 1) ; *[3,2]:t
a.view(2, 3, 1, 1) ; *[2,3]:step
a.view(-1) ; *[2,3]:exp
a.view(2, 3, 4) ; *[2,3,2,2]:cl
a.view(0) ; *[0,3]
a.view(-1, 3) ; *[0,3]
a.view(-1, 0) ; *[0,3]
a.view(0, 5) ; *[0,3]
a.view(()) ; *[1]
a.view(1, 1) ; *[]
a.view(-1) ; *[]
a.view(-2) ; *[2]
a.view() ; *[2]
a.view('x') ; *[2]
a.view_as(b) ; *[2,3] ; *[3,2]
a.view_as(b) ; *[2,3] ; *[4]
a.view(torch.float32) ; *[2,3]
a.view(torch.int32) ; *[2,4]
a.view(torch.int16) ; *[2,3]
a.view(dtype=torch.uint8) ; *[3]
a.view(torch.float64) ; *[2,4]
a.view(torch.float64) ; *[2,3]
""",
    "reshape": """
a.reshape(6) ; *[2,3]
a.reshape(3, 2) ; *[2,3]:t
a.reshape(-1) ; *[2,3]:step
a.reshape(-1) ; *[2,3]:exp
a.reshape((2, -1)) ; *[2,3,2,2]:cl
torch.reshape(a, (6,)) ; *[2,3]
torch.reshape(a, (-1, 2)) ; *[3,4]:t
a.reshape(5) ; *[2,3]
a.reshape(-1, 4) ; *[2,3]
a.reshape(-1, -1) ; *[2,3]
a.reshape(0, 7) ; *[0,3]
a.reshape(-1) ; *[0,3]
a.reshape(()) ; *[1,1]
a.reshape([1]) ; *[]
a.reshape_as(b) ; *[2,3] ; *[3,2]
a.reshape(6, 2) ; *[3,4]:off
a.reshape(3, 4) ; *[3,4]:t
torch.reshape(a, 6) ; *[2,3]
""",
    "flatten": """
a.flatten() ; *[2,3,4]
a.flatten(1) ; *[2,3,4]
a.flatten(0, 1) ; *[2,3,4]
a.flatten(-2, -1) ; *[2,3,4]:t
torch.flatten(a, 1, 2) ; *[2,3,2,2]:cl
torch.flatten(a, start_dim=1) ; *[2,3,2,2]
a.flatten() ; *[]
a.flatten() ; *[3,2]:t
a.flatten(2, 1) ; *[2,3,4]
a.flatten(3) ; *[2,3]
a.flatten(1) ; *[2,0,3]
a.flatten() ; *[4]
torch.ravel(a) ; *[2,3]
a.ravel() ; *[2,3]:t
torch.unflatten(a, 0, (2, 3)) ; *[6]
a.unflatten(-1, (2, -1)) ; *[3,4]
a.unflatten(1, (2, 3)) ; *[3,4]
a.unflatten(1, (-1, 2)) ; *[3,4]:t
a.unflatten(1, ()) ; *[3,4]
""",
    "transpose": """
a.transpose(0, 1) ; *[2,3]
a.transpose(-1, 0) ; *[2,3,4]
torch.transpose(a, 1, 2) ; *[2,3,4]:t
a.transpose(0, 0) ; *[2]
a.transpose(0, 2) ; *[2,3]
a.transpose(0, 1) ; *[2]
a.transpose(0, 0) ; *[]
torch.swapaxes(a, 0, 1) ; *[2,3]
torch.swapdims(a, 0, -1) ; *[2,3,4]
a.swapaxes(0, 1) ; *[2,3]:step
a.swapdims(1, 0) ; *[2,3]:exp
a.t() ; *[2,3]
a.t() ; *[3]
a.t() ; *[]
a.t() ; *[2,2,2]
torch.t(a) ; *[0,3]
a.T ; *[2,3]
a.T ; *[2]
a.mT ; *[2,3,4]
a.mT ; *[2]
a.H ; *[2,3]
a.mH ; *[2,2,3]
torch.adjoint(a) ; *[2,2,3]
a.adjoint() ; *[2,3]
a.transpose_(0, 1) ; *[2,3]
a.t_() ; *[2,3]
a.swapaxes_(0, 1) ; *[2,3]
""",
    "permute": """
a.permute(1, 0) ; *[2,3]
a.permute(2, 0, 1) ; *[2,3,4]
a.permute((0, -1, 1)) ; *[2,3,4]
torch.permute(a, (1, 0)) ; *[2,3]:t
torch.permute(a, dims=(0, 2, 3, 1)) ; *[2,3,2,2]:cl
a.permute(0, 0) ; *[2,3]
a.permute(0) ; *[2,3]
a.permute(0, 2) ; *[2,3]
a.permute() ; *[]
a.permute([1, 0]) ; *[0,3]
torch.movedim(a, 0, 2) ; *[2,3,4]
torch.movedim(a, (0, 1), (1, 2)) ; *[2,3,4]
torch.moveaxis(a, -1, 0) ; *[2,3,4]
a.movedim(1, 0) ; *[2,3]
a.moveaxis(0, 1) ; *[2,3]
torch.movedim(a, 0, 5) ; *[2,3]
torch.movedim(a, (0, 0), (1, 0)) ; *[2,3]
torch.movedim(a, (0, 1), (1,)) ; *[2,3]
""",
    "expand": """
a.expand(4, 3) ; *[1,3]
a.expand(2, -1, 3) ; *[4,1]
a.expand(2, 3) ; *[3]
a.expand(-1, 3) ; *[2,1]
a.expand(3, 3) ; *[2,3]
a.expand(3) ; *[2,3]
a.expand(-1, 3) ; *[3]
a.expand(5) ; *[]
a.expand(0, 3) ; *[1,3]
a.expand((2, 3)) ; *[2,1]
a.expand_as(b) ; *[1,3] ; *[2,3]
a.expand(2, 3) ; *[2,3]:t
torch.broadcast_to(a, (2, 3)) ; *[3]
a.broadcast_to((4, 2)) ; *[1,2]
torch.broadcast_to(a, (2, 2)) ; *[3]
torch.broadcast_tensors(a, b) ; *[3,1] ; *[2]
torch.broadcast_tensors(a, b) ; *[3] ; *[2]
torch.broadcast_shapes((2, 1), (3,))
torch.broadcast_shapes((2,), (3,))
torch.broadcast_shapes((0, 1), (3,), 1)
a.expand(2, -1) ; *[]
""",
    "squeeze": """
a.squeeze() ; *[1,2,1,3]
a.squeeze(0) ; *[1,2]
a.squeeze(1) ; *[1,2]
a.squeeze(-1) ; *[2,1]
a.squeeze((0, 2)) ; *[1,2,1]
torch.squeeze(a) ; *[1]
torch.squeeze(a, 3) ; *[1,2]
torch.squeeze(a, dim=(0, 1)) ; *[1,2]:t
a.squeeze(0) ; *[]
a.squeeze_(0) ; *[1,3]
a.squeeze_() ; *[1,3,1]
a.unsqueeze(0) ; *[2,3]
a.unsqueeze(1) ; *[2,3]
a.unsqueeze(-1) ; *[2,3]:t
torch.unsqueeze(a, 2) ; *[2,3]:step
torch.unsqueeze(a, -3) ; *[2,3]
torch.unsqueeze(a, 3) ; *[2,3]
a.unsqueeze(0) ; *[]
a.unsqueeze_(1) ; *[3]
a.unsqueeze(0) ; *[0]
a.unsqueeze(1) ; *[2,3]:exp
""",
    "select": """
a.select(0, 1) ; *[3,4]
a.select(1, -1) ; *[3,4]
torch.select(a, 1, 2) ; *[3,4]:t
a.select(0, 3) ; *[3,4]
a.select(2, 0) ; *[3,4]
a.select(0, -4) ; *[3,4]
a.select(0, 0) ; *[]
a.select(0, 0) ; *[0,2]
torch.narrow(a, 0, 1, 2) ; *[3,4]
a.narrow(1, -2, 2) ; *[3,4]
a.narrow(0, 2, 2) ; *[3,4]
a.narrow(0, 1, 0) ; *[3,4]
a.narrow(0, 1, -1) ; *[3,4]
a.narrow(0, 4, 1) ; *[3,4]
torch.narrow(a, 0, b, 1) ; *[3,4] ; i64[]:one
a.unfold(0, 2, 1) ; *[5]
a.unfold(1, 3, 2) ; *[2,7]
a.unfold(0, 3, 1) ; *[2]
a.unfold(0, 0, 1) ; *[2]
a.unfold(0, 1, 0) ; *[2]
a.unfold(-1, 2, 2) ; *[3,4]:t
torch.diagonal(a) ; *[3,4]
torch.diagonal(a, 1) ; *[3,4]
torch.diagonal(a, -1) ; *[3,4]:t
torch.diagonal(a, 5) ; *[3,4]
a.diagonal(0, 1, 2) ; *[2,3,3]
a.diagonal(dim1=0, dim2=2) ; *[2,3,4]
a.diagonal(0, 0, 0) ; *[3,3]
a.diagonal() ; *[3]
torch.linalg.diagonal(a) ; *[2,3,3]
a.as_strided((2, 2), (1, 2)) ; *[6]
torch.as_strided(a, (3,), (2,), 1) ; *[6]
a.as_strided((2, 3), (0, 1)) ; *[6]
a.as_strided((3,), (4,)) ; *[6]
a.as_strided((2,), (1, 1)) ; *[6]
a.as_strided((2,), (-1,)) ; *[6]
a.as_strided((0,), (1,)) ; *[6]
""",
    "split": """
a.split(2) ; *[5]
a.split(2, 1) ; *[3,4]
a.split([1, 3], 1) ; *[3,4]
torch.split(a, 3) ; *[2,4]
torch.split(a, [1, 1], dim=0) ; *[2,4]:t
a.split([1, 1], 1) ; *[3,4]
a.split(0) ; *[3]
a.split(-1) ; *[3]
a.split(2) ; *[]
a.split(1) ; *[0,3]
a.split([5, -1]) ; *[4]
torch.split_with_sizes(a, [1, 2]) ; *[3,2]
a.split_with_sizes([2, 2], 1) ; *[3,4]
torch.chunk(a, 2) ; *[5,2]
a.chunk(3, 1) ; *[2,4]
a.chunk(7) ; *[4]
a.chunk(0) ; *[4]
torch.chunk(a, 2, dim=-1) ; *[3,4]:t
a.chunk(2) ; *[0]
torch.unsafe_chunk(a, 2) ; *[4]
torch.unsafe_split(a, 2) ; *[4]
a.unsafe_split(3) ; *[4]
torch.tensor_split(a, 3) ; *[7]
torch.tensor_split(a, (1, 3), 1) ; *[2,5]
a.tensor_split(2, -1) ; *[2,5]
a.tensor_split(b) ; *[5] ; i64[2]:rise
a.tensor_split(0) ; *[5]
torch.hsplit(a, 2) ; *[2,4]
torch.hsplit(a, [1]) ; *[4]
torch.vsplit(a, 2) ; *[4,2]
torch.dsplit(a, 2) ; *[2,2,4]
a.hsplit(3) ; *[2,4]
a.vsplit(2) ; *[4]
a.dsplit([1]) ; *[2,2,4]
torch.unbind(a) ; *[3,2]
a.unbind(1) ; *[3,2]
a.unbind(-1) ; *[3,2]:t
a.unbind() ; *[]
a.unbind(0) ; *[0,2]
a.unbind(2) ; *[2,2]
""",
    "flip": """
a.flip(0) ; *[3,4]
a.flip(0, 1) ; *[3,4]
torch.flip(a, (1,)) ; *[3,4]:t
torch.flip(a, [-1, 0]) ; *[2,3,4]
a.flip(()) ; *[3]
a.flip(0, 0) ; *[3]
a.flip(2) ; *[3,4]
a.flip(1) ; *[2,3,2,2]:cl
torch.fliplr(a) ; *[3,4]
torch.flipud(a) ; *[3,4]
a.fliplr() ; *[3]
a.flipud() ; *[3]
torch.roll(a, 1) ; *[3,4]
torch.roll(a, 2, 0) ; *[3,4]
torch.roll(a, (1, -1), (0, 1)) ; *[3,4]
a.roll(-5, 1) ; *[3,4]:t
torch.roll(a, 1) ; *[0]
torch.roll(a, (1, 2)) ; *[4]
a.roll(shifts=7, dims=0) ; *[3]
torch.roll(a, 1, 3) ; *[2,3]
torch.rot90(a) ; *[3,4]
torch.rot90(a, 2) ; *[3,4]
torch.rot90(a, -1, (0, 1)) ; *[3,4]
a.rot90(3, [1, 2]) ; *[2,3,4]
torch.rot90(a, 1, (0, 0)) ; *[3,4]
torch.rot90(a) ; *[3]
""",
    "repeat": """
a.repeat(2) ; *[3]
a.repeat(2, 3) ; *[2]
a.repeat(1, 2) ; *[2,3]:t
a.repeat((2, 1, 1)) ; *[2,2]
a.repeat(2) ; *[2,2]
a.repeat(0, 2) ; *[3]
a.repeat(-1) ; *[3]
a.repeat() ; *[3]
a.repeat(3) ; *[]
torch.tile(a, (2,)) ; *[2,3]
torch.tile(a, (2, 1)) ; *[3]
a.tile(2, 2) ; *[2,3]:step
a.tile((2,)) ; *[]
torch.repeat_interleave(a, 2) ; *[3]
torch.repeat_interleave(a, 2, 0) ; *[2,3]
torch.repeat_interleave(a, b, dim=1) ; *[2,3] ; i64[3]:lt4
torch.repeat_interleave(a, b) ; *[4] ; i64[4]:lt3
torch.repeat_interleave(a, b, 0, output_size=6) ; *[3] ; i64[3]:rise
torch.repeat_interleave(a) ; i64[4]:lt3
a.repeat_interleave(3) ; *[2,2]:t
a.repeat_interleave(3, dim=-1) ; *[2,2]
a.repeat_interleave(-1) ; *[2]
a.repeat_interleave(b) ; *[3] ; i64[2]:lt3
a.repeat_interleave(0) ; *[3]
""",
    "diag": """
torch.diag(a) ; *[3]
torch.diag(a, 1) ; *[3]
torch.diag(a) ; *[3,4]
torch.diag(a, -1) ; *[3,4]:t
a.diag() ; *[2,2,2]
torch.diag_embed(a) ; *[2,3]
torch.diag_embed(a, 1) ; *[2,3]
torch.diag_embed(a, -1, 0, 2) ; *[2,3]
a.diag_embed() ; *[3]
torch.diagflat(a) ; *[2,2]
a.diagflat(-1) ; *[3]
torch.tril(a) ; *[3,4]
torch.tril(a, 1) ; *[3,4]:t
torch.tril(a, -1) ; *[2,3,3]
a.tril() ; *[3]
a.tril_() ; *[3,3]
torch.triu(a) ; *[3,4]
torch.triu(a, diagonal=2) ; *[3,4]
a.triu(-1) ; *[2,3,3]:step
a.triu_(1) ; *[3,3]:t
torch.tril(a) ; *[0,3]
torch.trace(a) ; *[3,3]
torch.trace(a) ; *[2,3]
a.trace() ; *[3]
torch.diff(a) ; *[5]
torch.diff(a, 2) ; *[5]
torch.diff(a, dim=0) ; *[3,2]
torch.diff(a, prepend=b, append=b) ; *[5] ; *[2]
a.diff(7) ; *[3]
torch.diff(a) ; *[]
a.fill_diagonal_(2) ; *[3,3]
a.fill_diagonal_(2, True) ; *[7,3]
a.fill_diagonal_(2) ; *[3]
torch.vander(a) ; *[3]
torch.vander(a, 4, increasing=True) ; *[3]
""",
    "contiguous": """
a.contiguous() ; *[3,4]:t
a.contiguous() ; *[3,4]
a.contiguous(memory_format=torch.channels_last) ; *[2,3,2,2]
a.contiguous(memory_format=torch.channels_last) ; *[2,3,2,2]:cl
a.contiguous() ; *[2,3,2,2]:cl
a.contiguous(memory_format=torch.channels_last) ; *[2,3]
a.contiguous(memory_format=torch.preserve_format) ; *[2,3]:t
a.clone() ; *[3,4]:t
a.clone() ; *[3,4]:step
a.clone() ; *[3,4]:exp
a.clone(memory_format=torch.contiguous_format) ; *[3,4]:t
a.clone(memory_format=torch.channels_last) ; *[2,3,2,2]
torch.clone(a) ; *[2,3,2,2]:cl
torch.clone(a) ; *[0,3]
a.is_contiguous() ; *[3,4]:t
a.is_contiguous() ; *[1,4]:t
a.is_contiguous(memory_format=torch.channels_last) ; *[2,3,2,2]:cl
a.is_contiguous(memory_format=torch.channels_last) ; *[2,3,2,2]
a.is_contiguous() ; *[0,4]:t
a.is_contiguous(memory_format=torch.channels_last) ; *[2,1,2,2]
a.stride() ; *[2,3,2,2]:cl
a.stride(0) ; *[2,3]:t
a.stride(2) ; *[2,3]
a.storage_offset() ; *[3]:off
a.size() ; *[2,3]
a.size(-1) ; *[2,3]
a.size(2) ; *[2,3]
a.shape ; *[0,3]
a.dim() ; *[2,3]
a.ndimension() ; *[]
a.numel() ; *[2,3]:exp
a.nelement() ; *[0]
torch.numel(a) ; *[2,2]
a.element_size() ; *[2]
a.nbytes ; *[2,3]:t
a.itemsize ; *[2]
a.is_set_to(a) ; *[2]
len(a) ; *[2,3]
len(a) ; *[]
a.detach() ; *[2,3]:t
a.data ; *[2,3]
torch.detach(a) ; *[2]
a.detach_() ; *[2]
a.numel() ; *[]
a.resolve_conj() ; *[2]
a.resolve_neg() ; *[2]
a.real ; *[2]
a.is_conj() ; *[2]
a.is_neg() ; *[2]
torch.atleast_1d(a) ; *[]
torch.atleast_2d(a) ; *[3]
torch.atleast_3d(a) ; *[2,3]
torch.atleast_2d(a, b) ; *[] ; *[2]
torch.atleast_3d(a) ; *[]
torch.atleast_3d(a) ; *[2]
""",
    "pixel_shuffle": """
F.pixel_shuffle(a, 2) ; *[1,4,2,3]
F.pixel_shuffle(a, 2) ; *[8,2,2]
F.pixel_shuffle(a, 3) ; *[1,4,2,2]
F.pixel_shuffle(a, 1) ; *[2,3,2,2]:cl
F.pixel_shuffle(a, 2) ; *[2,2]
F.pixel_shuffle(a, 0) ; *[1,4,2,2]
F.pixel_unshuffle(a, 2) ; *[1,1,4,6]
F.pixel_unshuffle(a, 2) ; *[2,4,2]
F.pixel_unshuffle(a, 2) ; *[1,1,3,4]
F.pixel_unshuffle(a, 0) ; *[1,1,3,4]
F.channel_shuffle(a, 2) ; *[1,4,2,2]
F.channel_shuffle(a, 3) ; *[1,6,2,2]
F.channel_shuffle(a, 4) ; *[1,6,2,2]
F.channel_shuffle(a, 2) ; *[4,2]
torch.channel_shuffle(a, 2) ; *[2,4,3]
torch.native_channel_shuffle(a, 2) ; *[1,4,2,2]
""",
}


def declare(family):
    for name, text in VIEWS.items():
        family.block(name, text, TWO, near=4)
    family.block(
        "view",
        "a.view(torch.float32) ; f16[2,4]\na.view(torch.int16) ; bf16[4]\na.view(torch.bool) ; u8[3]:lt2\n"
        """
a.view(torch.uint8) ; b[3]
a.view(torch.int8) ; f64[2]
a.view(torch.float16) ; i32[2,2]:t
""",
        gradient=False,
    )
    for dtype in ("f64", "f16", "bf16", "i32", "i16", "i8", "u8", "b"):
        for name, call in {
            "view": "a.view(-1)",
            "transpose": "a.transpose(0, 1)",
            "flip": "a.flip(0, 1)",
            "repeat": "a.repeat(2, 1)",
            "contiguous": "a.t().contiguous()",
            "diag": "torch.tril(a)",
        }.items():
            family.add(name, call, f"{dtype}[3,4]")
