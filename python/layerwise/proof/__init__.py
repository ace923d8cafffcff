"""What a changed model costs against the model it was made from: on the same data, whole and layer by layer.

Knows modules, samples and differences; knows nothing of how a model was changed, and writes nothing.
"""
