"""The safetensors package over Layerwise's own reader and writer: the same functions, without a compiled part."""

from safetensors._format import SafetensorError, deserialize, safe_open, serialize, serialize_file

__version__ = "0.8.0+layerwise"
__all__ = ["SafetensorError", "deserialize", "safe_open", "serialize", "serialize_file"]
