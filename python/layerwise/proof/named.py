"""What a person names for a proof: files and pictures that hold samples, functions that make or judge them."""

from layerwise import runner
from layerwise.proof.bad_data import BadData
from layerwise.proof.pictures import is_pictures
from layerwise.proof.refused import Refused
from layerwise.proof.samples import file_samples, function_samples, picture_samples


def samples_at(data, prepare, model, template, most):
    """Samples of a file, of pictures or of a function; `prepare` says how pictures become inputs."""
    if is_pictures(data["path"]):
        told = function_named(prepare) if isinstance(prepare, dict) else prepare
        return picture_samples(data["path"], data["shown"], model, template, most, told)
    if prepare:
        raise BadData(f"--prepare says how pictures become inputs, but {data['shown']} holds none")
    if data.get("function"):
        return function_samples(function_named(data), data["shown"], model, template, most)
    return file_samples(data["path"], data["shown"], model, template, most)


def function_named(named):
    """A function of a file of the person's."""
    module = runner.loaded_module(named["path"], named.get("root"))
    function = getattr(module, named["function"], None)
    if not callable(function):
        raise Refused(f"{named['shown']} names no function of that file")
    return function
