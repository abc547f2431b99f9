"""Read the tensors of a PyTorch file without PyTorch, and without running anything that the file asks for."""

import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np

from cvkit.errors import CvkitError

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # the format of PyTorch before 1.6
TYPES = {"FloatStorage": np.float32, "HalfStorage": np.float16, "LongStorage": np.int64}


def read(path: str | Path) -> dict[str, np.ndarray]:
    """Read the tensors of a ``.pth`` file, in the format of PyTorch before 1.6.

    A pickle can name any function; here all names but those that describe a tensor are refused.

    Parameters
    ----------
    path : path

    Returns
    -------
    tensors : dict of str to array
        In the order of the file.

    Raises
    ------
    CvkitError
        If the file is of another format, or names anything but tensors.
    """
    with open(path, "rb") as file:
        try:
            start = [_Tensors(file).load() for _ in range(3)]
            if start[:2] != [MAGIC, PROTOCOL]:
                raise pickle.UnpicklingError("it does not begin as files of PyTorch before 1.6 do")
            described = _Tensors(file).load()
            values = {}
            types = {storage[2]: TYPES[storage[1]] for storage, *_ in described.values()}
            for key in _Tensors(file).load():
                count = int(np.frombuffer(file.read(8), "<i8")[0])
                values[key] = np.frombuffer(file.read(count * np.dtype(types[key]).itemsize), types[key])
            return {name: _tensor(values, *fields) for name, fields in described.items()}
        except (pickle.UnpicklingError, KeyError, TypeError, ValueError, IndexError, AttributeError, EOFError) as fault:
            raise CvkitError(
                "file-torch", "tensors of PyTorch before 1.6 were expected", came=str(fault), file=path
            ) from None


class _Tensors(pickle.Unpickler):
    """An unpickler that knows tensors, described as tuples, and nothing else."""

    def find_class(self, module: str, name: str):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda *fields: fields[:4]  # storage, offset, shape, strides
        if module == "torch" and name in TYPES:
            return name
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is no tensor")

    def persistent_load(self, storage: tuple) -> tuple:
        return storage


def _tensor(values: dict, storage: tuple, offset: int, shape: tuple, strides: tuple) -> np.ndarray:
    """An array of the numbers of a storage; strides count numbers."""
    flat = values[storage[2]]
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if offset < 0 or min(strides, default=0) < 0 or last >= len(flat):
        raise ValueError("a tensor reaches beyond its numbers")
    steps = [stride * flat.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(flat[offset:], shape, steps, writeable=False).copy()
