"""State dicts of models and optimizers, whole as they are with one process."""


class StateDictOptions:
    def __init__(self, **options):
        self.__dict__.update(options)


def get_model_state_dict(model, *, submodules=None, options=None):
    return model.state_dict()


def set_model_state_dict(model, model_state_dict, *, options=None):
    return model.load_state_dict(model_state_dict)


def get_optimizer_state_dict(model, optimizers, *, submodules=None, options=None):
    return optimizers.state_dict()


def set_optimizer_state_dict(model, optimizers, optim_state_dict, *, options=None):
    optimizers.load_state_dict(optim_state_dict)
