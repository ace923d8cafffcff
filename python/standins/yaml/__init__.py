"""YAML for those who have none: what configuration files use of YAML 1.1, read and written as PyYAML does. Tags that make objects are
refused. An environment's own yaml comes first."""

from yaml._errors import MarkedYAMLError, YAMLError
from yaml._read import parse_documents
from yaml._write import write_documents

__version__ = "6.0.3"
__with_libyaml__ = False


class SafeLoader:
    """Names the safe way to read, which is the only one here."""


class SafeDumper:
    """Names the safe way to write, which is the only one here."""


Loader = FullLoader = UnsafeLoader = BaseLoader = CSafeLoader = CLoader = CFullLoader = SafeLoader
Dumper = CSafeDumper = CDumper = SafeDumper


def _text(stream):
    if hasattr(stream, "read"):
        stream = stream.read()
    return stream.decode("utf-8-sig") if isinstance(stream, bytes) else stream


def load_all(stream, Loader=SafeLoader):
    return iter(parse_documents(_text(stream)))


def load(stream, Loader=None):
    if Loader is None:
        raise TypeError("load() missing 1 required positional argument: 'Loader'")
    return safe_load(stream)


def safe_load(stream):
    documents = parse_documents(_text(stream))
    if len(documents) > 1:
        raise YAMLError("expected a single document in the stream, but found another document")
    return documents[0] if documents else None


full_load = unsafe_load = safe_load
safe_load_all = full_load_all = unsafe_load_all = load_all


def dump_all(documents, stream=None, Dumper=SafeDumper, default_style=None, default_flow_style=False, canonical=None, indent=None,
             width=None, allow_unicode=None, line_break=None, encoding=None, explicit_start=None, explicit_end=None, version=None,
             tags=None, sort_keys=True):
    if default_style is not None or canonical:
        raise NotImplementedError("yaml.dump with default_style or canonical is not available in Layerwise's yaml")
    text = write_documents(documents, indent or 2, width or 80, bool(default_flow_style), bool(allow_unicode), sort_keys,
                           bool(explicit_start), bool(explicit_end))
    if stream is None:
        return text.encode(encoding) if encoding else text
    stream.write(text)
    return None


def dump(data, stream=None, Dumper=SafeDumper, **options):
    return dump_all([data], stream, Dumper, **options)


safe_dump, safe_dump_all = dump, dump_all


def add_constructor(tag, constructor, Loader=None):
    raise NotImplementedError("yaml.add_constructor is not available in Layerwise's yaml")


def add_representer(data_type, representer, Dumper=None):
    raise NotImplementedError("yaml.add_representer is not available in Layerwise's yaml")
