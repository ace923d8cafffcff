"""What needs more than one device or process: the names exist, for isinstance and annotations; making one says why it cannot be."""

WHY = "there is one process and no device mesh here; a model of this runtime is whole on its device"


def alone(name, *bases):
    def __init__(self, *args, **kwargs):
        raise NotImplementedError(f"{name} is not supported: {WHY}")

    return type(name, bases or (), {"__init__": __init__, "__doc__": f"Cannot be made: {WHY}."})
