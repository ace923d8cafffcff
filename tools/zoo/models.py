"""The models of the zoo: how each class of torchvision, timm and transformers is built from nothing, and what it is fed. Real
PyTorch and Layerwise both read this list; it makes no model itself."""

import importlib


class Entry:
    """One model. `build()` gives the module, `inputs()` its arguments by name; both draw from torch's random stream. Detectors are
    measured in training mode, by their losses: which boxes they find with random weights hangs on the last bit."""

    def __init__(self, package, name, build, inputs, is_training=False):
        self.package, self.name, self.build, self.inputs = package, name, build, inputs
        self.is_training = is_training

    @property
    def key(self):
        return f"{self.package}/{self.name}"


ENTRIES = []


def _add(package, name, build, inputs, is_training=False):
    ENTRIES.append(Entry(package, name, build, inputs, is_training))


def _image(size, batch=2, channels=3, name="x"):
    def inputs():
        import torch

        return {name: torch.randn(batch, channels, size, size)}

    return inputs


def _tokens(vocabulary=99, length=12, batch=2, **more):
    def inputs():
        import torch

        made = {"input_ids": torch.randint(3, vocabulary, (batch, length))}
        for name, value in more.items():
            made[name] = value()
        return made

    return inputs


# torchvision: classifiers of every family, at a small image size where the architecture allows it


def _torchvision(name, size=64, input_name="x", channels=3, **options):
    def build():
        models = importlib.import_module("torchvision.models")
        return getattr(models, name)(weights=None, **options)

    _add("torchvision", name, build, _image(size, channels=channels, name=input_name))


for _name in (
    "alexnet", "vgg11", "vgg11_bn", "vgg16", "resnet18", "resnet34", "resnet50", "resnext50_32x4d", "wide_resnet50_2", "densenet121",
    "squeezenet1_0", "squeezenet1_1", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "mnasnet0_5", "mnasnet1_0",
    "shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "efficientnet_b0", "efficientnet_b1", "efficientnet_v2_s", "regnet_y_400mf",
    "regnet_x_400mf", "regnet_y_1_6gf", "convnext_tiny",
):
    _torchvision(_name, 80 if _name in ("alexnet",) else 64)
_torchvision("googlenet", 64, aux_logits=False, init_weights=False)
_torchvision("inception_v3", 128, aux_logits=False, init_weights=False)
_torchvision("vit_b_16", 64, image_size=64)
_torchvision("vit_b_32", 64, image_size=64)
_torchvision("swin_t", 64, input_name="x")
_torchvision("swin_v2_t", 64)
_torchvision("maxvit_t", 224)


def _torchvision_part(package, name, size, **options):
    """Segmentation, video and detection: fed in their own way."""

    def build():
        models = importlib.import_module(f"torchvision.models.{package}")
        return getattr(models, name)(weights=None, **options)

    if package == "detection":

        def inputs():
            import torch

            images = [torch.rand(3, size, size), torch.rand(3, size, size)]
            boxes = torch.tensor([[4.0, 6.0, 30.0, 40.0], [20.0, 10.0, 50.0, 60.0]])
            return {"images": images, "targets": [{"boxes": boxes, "labels": torch.tensor([1, 2])} for _ in images]}
    elif package == "video":

        def inputs():
            import torch

            return {"x": torch.randn(1, 3, 8, size, size)}
    else:
        inputs = _image(size, name="input" if "lraspp" in name else "x")
    _add("torchvision", f"{package}.{name}", build, inputs, package == "detection")


_torchvision_part("segmentation", "fcn_resnet50", 64, weights_backbone=None)
_torchvision_part("segmentation", "deeplabv3_resnet50", 64, weights_backbone=None)
_torchvision_part("segmentation", "deeplabv3_mobilenet_v3_large", 64, weights_backbone=None)
_torchvision_part("segmentation", "lraspp_mobilenet_v3_large", 64, weights_backbone=None)
_torchvision_part("video", "r3d_18", 32)
_torchvision_part("video", "mc3_18", 32)
_torchvision_part("video", "r2plus1d_18", 32)
_torchvision_part("detection", "fasterrcnn_mobilenet_v3_large_320_fpn", 96, weights_backbone=None, min_size=96, max_size=96)
_torchvision_part("detection", "ssdlite320_mobilenet_v3_large", 96, weights_backbone=None)
_torchvision_part("detection", "retinanet_resnet50_fpn", 64, weights_backbone=None, min_size=64, max_size=64)
_torchvision_part("detection", "fcos_resnet50_fpn", 64, weights_backbone=None, min_size=64, max_size=64)

# timm


def _timm(name, size=64, **options):
    def build():
        return importlib.import_module("timm").create_model(name, pretrained=False, num_classes=10, **options)

    _add("timm", name, build, _image(size))


for _name in (
    "resnet18", "resnet50", "resnet26d", "seresnet50", "resnext50_32x4d", "res2net50_26w_4s", "regnetx_002", "regnety_002",
    "mobilenetv2_100", "mobilenetv3_small_100", "mobilenetv4_conv_small", "efficientnet_b0", "efficientnet_lite0",
    "tf_efficientnetv2_b0", "convnext_atto", "convnextv2_atto", "densenet121", "dla34", "hrnet_w18_small", "vgg11", "xception41",
    "ghostnet_100", "tinynet_e", "hardcorenas_a", "repvgg_a0", "cspresnet50", "darknet53", "dpn48b", "nfnet_l0", "rexnet_100",
    "skresnet18", "selecsls42b", "edgenext_xx_small", "mobilevit_xxs", "fastvit_t8", "inception_next_atto",
    "starnet_s1", "repghostnet_050", "poolformer_s12",
):
    _timm(_name)
for _name in ("vit_tiny_patch16_224", "deit_tiny_patch16_224", "deit3_small_patch16_224", "cait_xxs24_224", "beit_base_patch16_224",
              "eva02_tiny_patch14_224", "vit_relpos_small_patch16_224", "mixer_s16_224", "gmlp_ti16_224", "resmlp_12_224",
              "xcit_nano_12_p16_224", "visformer_tiny", "convmixer_768_32"):
    _options = {"img_size": 56 if "patch14" in _name else 64}
    if _name in ("visformer_tiny", "convmixer_768_32", "xcit_nano_12_p16_224"):
        _options = {"img_size": 64} if _name == "visformer_tiny" else {}
    _timm(_name, 56 if "patch14" in _name else 64, **_options)
_timm("swin_tiny_patch4_window7_224", 56, img_size=56)
_timm("swinv2_cr_tiny_ns_224", 64, img_size=64, window_size=2)
_timm("twins_pcpvt_small", 64)
_timm("pvt_v2_b0", 64)
_timm("coat_tiny", 64, img_size=64)
_timm("levit_128s", 224)
_timm("maxvit_rmlp_pico_rw_256", 64, img_size=64)
_timm("coatnet_nano_rw_224", 64, img_size=64)

# transformers: each class from a small config


def _transformer(class_name, config_name, config, inputs, name=None):
    def build():
        package = importlib.import_module("transformers")
        made = getattr(package, config_name)(**config)
        return getattr(package, class_name)(made)

    _add("transformers", name or class_name, build, inputs)


_SMALL = {"vocab_size": 99, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96,
          "max_position_embeddings": 64}
_GROUPED = {**_SMALL, "num_key_value_heads": 2, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def _positions(value):
    def make():
        import torch

        return torch.ones(2, 12, dtype=torch.int64) * value

    return make


for _class, _config, _more in (
    ("LlamaForCausalLM", "LlamaConfig", {}),
    ("MistralForCausalLM", "MistralConfig", {"sliding_window": 8}),
    ("MixtralForCausalLM", "MixtralConfig", {"num_local_experts": 4}),
    ("Qwen2ForCausalLM", "Qwen2Config", {}),
    ("Qwen2MoeForCausalLM", "Qwen2MoeConfig", {"num_experts": 4, "moe_intermediate_size": 32, "shared_expert_intermediate_size": 32}),
    ("Qwen3ForCausalLM", "Qwen3Config", {"head_dim": 16}),
    ("GemmaForCausalLM", "GemmaConfig", {"head_dim": 16}),
    ("Gemma2ForCausalLM", "Gemma2Config", {"head_dim": 16, "sliding_window": 8}),
    ("Gemma3ForCausalLM", "Gemma3TextConfig", {"head_dim": 16, "sliding_window": 8}),
    ("PhiForCausalLM", "PhiConfig", {}),
    ("Phi3ForCausalLM", "Phi3Config", {}),
    ("StableLmForCausalLM", "StableLmConfig", {}),
    ("Starcoder2ForCausalLM", "Starcoder2Config", {}),
    ("CohereForCausalLM", "CohereConfig", {}),
    ("OlmoForCausalLM", "OlmoConfig", {}),
    ("Olmo2ForCausalLM", "Olmo2Config", {}),
    ("GraniteForCausalLM", "GraniteConfig", {}),
    ("SmolLM3ForCausalLM", "SmolLM3Config", {}),
    ("Glm4ForCausalLM", "Glm4Config", {"head_dim": 16}),
    ("NemotronForCausalLM", "NemotronConfig", {}),
    ("DeepseekV3ForCausalLM", "DeepseekV3Config", {
        "n_routed_experts": 4, "num_experts_per_tok": 2, "n_group": 1, "topk_group": 1, "kv_lora_rank": 16, "q_lora_rank": 16,
        "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 16, "moe_intermediate_size": 32, "first_k_dense_replace": 1,
        "num_key_value_heads": 4,
    }),
):
    _transformer(_class, _config, {**_GROUPED, **_more}, _tokens())

_transformer("GPT2LMHeadModel", "GPT2Config", {"vocab_size": 99, "n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 64}, _tokens())
_transformer("GPTNeoForCausalLM", "GPTNeoConfig", {
    "vocab_size": 99, "hidden_size": 64, "num_layers": 2, "num_heads": 4, "attention_types": [[["global", "local"], 1]],
    "max_position_embeddings": 64, "window_size": 8}, _tokens())
_transformer("GPTNeoXForCausalLM", "GPTNeoXConfig", {**_SMALL}, _tokens())
_transformer("GPTJForCausalLM", "GPTJConfig", {"vocab_size": 99, "n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 64,
                                               "rotary_dim": 8}, _tokens())
_transformer("OPTForCausalLM", "OPTConfig", {"vocab_size": 99, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
                                             "ffn_dim": 96, "max_position_embeddings": 64, "word_embed_proj_dim": 64}, _tokens())
_transformer("BloomForCausalLM", "BloomConfig", {"vocab_size": 99, "hidden_size": 64, "n_layer": 2, "n_head": 4}, _tokens())
_transformer("FalconForCausalLM", "FalconConfig", {"vocab_size": 99, "hidden_size": 64, "num_hidden_layers": 2,
                                                   "num_attention_heads": 4}, _tokens())
_transformer("MptForCausalLM", "MptConfig", {"vocab_size": 99, "d_model": 64, "n_layers": 2, "n_heads": 4, "max_seq_len": 64}, _tokens())
_transformer("MambaForCausalLM", "MambaConfig", {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 8}, _tokens())

for _class, _config, _more in (
    ("BertForMaskedLM", "BertConfig", {}),
    ("BertForSequenceClassification", "BertConfig", {}),
    ("RobertaForMaskedLM", "RobertaConfig", {"pad_token_id": 1}),
    ("XLMRobertaForTokenClassification", "XLMRobertaConfig", {"pad_token_id": 1}),
    ("ElectraForPreTraining", "ElectraConfig", {"embedding_size": 32}),
    ("AlbertForMaskedLM", "AlbertConfig", {"embedding_size": 32}),
    ("DebertaV2ForMaskedLM", "DebertaV2Config", {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]}),
    ("MPNetForMaskedLM", "MPNetConfig", {}),
    ("CamembertForMaskedLM", "CamembertConfig", {"pad_token_id": 1}),
    ("ConvBertForMaskedLM", "ConvBertConfig", {"embedding_size": 32}),
    ("MegatronBertForMaskedLM", "MegatronBertConfig", {}),
    ("NystromformerForMaskedLM", "NystromformerConfig", {"segment_means_seq_len": 12, "num_landmarks": 4}),
    ("RoFormerForMaskedLM", "RoFormerConfig", {"embedding_size": 32}),
    ("SqueezeBertForMaskedLM", "SqueezeBertConfig", {"embedding_size": 64}),
    ("ModernBertForMaskedLM", "ModernBertConfig", {"pad_token_id": 0, "local_attention": 8}),
    ("EsmForMaskedLM", "EsmConfig", {"pad_token_id": 1, "mask_token_id": 2, "position_embedding_type": "rotary"}),
):
    _transformer(_class, _config, {**_SMALL, **_more}, _tokens())
_transformer("DistilBertForMaskedLM", "DistilBertConfig", {"vocab_size": 99, "dim": 64, "n_layers": 2, "n_heads": 4, "hidden_dim": 96,
                                                           "max_position_embeddings": 64}, _tokens())


def _pair(name="decoder_input_ids", vocabulary=99, length=7):
    def make():
        import torch

        return torch.randint(3, vocabulary, (2, length))

    return {name: make}


_transformer("T5ForConditionalGeneration", "T5Config", {"vocab_size": 99, "d_model": 64, "d_kv": 16, "d_ff": 96, "num_layers": 2,
                                                       "num_heads": 4, "decoder_start_token_id": 0}, _tokens(**_pair()))
_transformer("MT5ForConditionalGeneration", "MT5Config", {"vocab_size": 99, "d_model": 64, "d_kv": 16, "d_ff": 96, "num_layers": 2,
                                                         "num_heads": 4, "decoder_start_token_id": 0}, _tokens(**_pair()))
for _class, _config in (("BartForConditionalGeneration", "BartConfig"), ("MBartForConditionalGeneration", "MBartConfig"),
                        ("PegasusForConditionalGeneration", "PegasusConfig"), ("MarianMTModel", "MarianConfig"),
                        ("BlenderbotForConditionalGeneration", "BlenderbotConfig"),
                        ("M2M100ForConditionalGeneration", "M2M100Config")):
    _transformer(_class, _config, {
        "vocab_size": 99, "d_model": 64, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
        "decoder_attention_heads": 4, "encoder_ffn_dim": 96, "decoder_ffn_dim": 96, "max_position_embeddings": 64,
        "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2, "forced_eos_token_id": None,
    }, _tokens(**_pair()))

_VISION = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96, "image_size": 32, "patch_size": 8}
_pixels = _image(32, name="pixel_values")
for _class, _config, _more in (
    ("ViTForImageClassification", "ViTConfig", {}),
    ("DeiTForImageClassification", "DeiTConfig", {}),
    ("Dinov2ForImageClassification", "Dinov2Config", {}),
    ("BeitForImageClassification", "BeitConfig", {}),
    ("ViTMAEForPreTraining", "ViTMAEConfig", {"decoder_hidden_size": 32, "decoder_num_hidden_layers": 1, "decoder_num_attention_heads": 4,
                                              "decoder_intermediate_size": 48}),
    ("SiglipVisionModel", "SiglipVisionConfig", {}),
    ("CLIPVisionModel", "CLIPVisionConfig", {}),
):
    _transformer(_class, _config, {**_VISION, **_more}, _pixels)
_transformer("SwinForImageClassification", "SwinConfig", {"image_size": 32, "patch_size": 4, "embed_dim": 16, "depths": [1, 1],
                                                         "num_heads": [2, 4], "window_size": 4}, _pixels)
_transformer("ConvNextForImageClassification", "ConvNextConfig", {"hidden_sizes": [16, 32], "depths": [1, 1], "num_stages": 2}, _pixels)
_transformer("ResNetForImageClassification", "ResNetConfig", {"embedding_size": 16, "hidden_sizes": [16, 32], "depths": [1, 1],
                                                             "layer_type": "basic"}, _pixels)
_transformer("RegNetForImageClassification", "RegNetConfig", {"embedding_size": 16, "hidden_sizes": [16, 32], "depths": [1, 1],
                                                             "groups_width": 8}, _pixels)
_transformer("SegformerForSemanticSegmentation", "SegformerConfig", {
    "hidden_sizes": [16, 32], "num_encoder_blocks": 2, "depths": [1, 1], "num_attention_heads": [1, 2], "sr_ratios": [2, 1],
    "patch_sizes": [7, 3], "strides": [4, 2], "mlp_ratios": [2, 2], "decoder_hidden_size": 32}, _pixels)


def _clip_inputs():
    import torch

    return {"input_ids": torch.randint(3, 99, (2, 12)), "pixel_values": torch.randn(2, 3, 32, 32)}


_transformer("CLIPModel", "CLIPConfig", {
    "text_config": {**_SMALL, "eos_token_id": 98, "projection_dim": 32}, "vision_config": {**_VISION, "projection_dim": 32},
    "projection_dim": 32}, _clip_inputs)


def _whisper_inputs():
    import torch

    return {"input_features": torch.randn(2, 16, 64), "decoder_input_ids": torch.randint(3, 99, (2, 7))}


_transformer("WhisperForConditionalGeneration", "WhisperConfig", {
    "vocab_size": 99, "d_model": 64, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
    "decoder_attention_heads": 4, "encoder_ffn_dim": 96, "decoder_ffn_dim": 96, "num_mel_bins": 16, "max_source_positions": 32,
    "max_target_positions": 32, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2,
}, _whisper_inputs)


def _wave_inputs():
    import torch

    return {"input_values": torch.randn(2, 1600)}


_transformer("Wav2Vec2ForCTC", "Wav2Vec2Config", {
    "vocab_size": 32, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96,
    "conv_dim": [16, 16, 16], "conv_stride": [5, 2, 2], "conv_kernel": [10, 3, 3], "num_feat_extract_layers": 3,
    "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}, _wave_inputs)


if __name__ == "__main__":
    print("\n".join(entry.key for entry in ENTRIES))
