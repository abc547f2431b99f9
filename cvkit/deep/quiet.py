"""Import Keras without the lines that TensorFlow prints at start-up, which no setting turns off."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


def import_keras():
    """Import Keras and touch its backend, what it prints kept back unless it fails.

    Returns
    -------
    keras : module

    Raises
    ------
    ImportError
        If Keras or its backend cannot be imported; what they printed is shown then.
    """
    if "keras" in sys.modules:
        return sys.modules["keras"]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silent():
        import keras

        keras.ops.convert_to_numpy(keras.ops.ones(1))
    return keras


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Keep back what libraries print past Python to the standard error, unless they fail."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as printed:
        os.dup2(printed.fileno(), 2)
        try:
            yield
        except Exception:
            printed.seek(0)
            os.write(kept, printed.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
