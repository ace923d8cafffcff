"""PIL.ImageSequence: the pictures of a file, of which the first is read here."""


class Iterator:
    def __init__(self, im):
        if not hasattr(im, "seek"):
            raise AttributeError("im must have seek method")
        self.im = im
        self.position = 0

    def __getitem__(self, index):
        try:
            self.im.seek(index)
        except EOFError:
            raise IndexError("end of sequence") from None
        return self.im

    def __iter__(self):
        return self

    def __next__(self):
        try:
            self.im.seek(self.position)
        except EOFError:
            raise StopIteration from None
        self.position += 1
        return self.im


def all_frames(im, func=None):
    found = []
    for image in im if isinstance(im, list) else [im]:
        found += [frame.copy() for frame in Iterator(image)]
    return [func(frame) for frame in found] if func else found
