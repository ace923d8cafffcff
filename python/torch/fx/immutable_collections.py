"""Lists and dicts of arguments: nodes know their users, so their arguments change only through the node."""


def _refuse(self, *args, **kwargs):
    raise TypeError(
        f"{type(self).__name__!r} object does not support mutation. If you are attempting to modify the kwargs or args of a torch.fx.Node "
        "object,\ninstead create a new copy of it and assign the copy to the node:\n    new_args = ...  # copy and mutate args\n    "
        "node.args = new_args"
    )


class immutable_list(list):
    def __hash__(self):
        return hash(tuple(self))

    def __reduce__(self):
        return immutable_list, (list(self),)


class immutable_dict(dict):
    def __hash__(self):
        return hash(tuple(self.items()))

    def __reduce__(self):
        return immutable_dict, (dict(self),)


for _name in "append clear extend insert pop remove reverse sort __delitem__ __iadd__ __imul__ __setitem__".split():
    setattr(immutable_list, _name, _refuse)
for _name in "clear pop popitem update setdefault __delitem__ __ior__ __setitem__".split():
    setattr(immutable_dict, _name, _refuse)
