"""tqdm.autonotebook: the same bar."""

from tqdm import TqdmExperimentalWarning, TqdmKeyError, TqdmTypeError, TqdmWarning, tqdm, trange

tqdm_notebook, tnrange = tqdm, trange
