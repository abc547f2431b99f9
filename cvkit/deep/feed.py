"""Batches for Keras' `fit`, drawn by a thread of TensorFlow's while the network learns from those before."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

AHEAD = 2  # batches that lie ready


def feed(batches: Callable[[], Iterator], first: tuple, count: int | None = None):
    """Make a data set of batches for `keras.Model.fit`.

    What Keras makes of generators, arrays and a `PyDataset` by itself is tuned by a thread of TensorFlow's that sleeps
    longer and longer, a minute at last; and every epoch ends only when that thread has woken up.

    Parameters
    ----------
    batches : function
        Gives the batches of an epoch, without an end or with one: arrays in tuples.
    first : tuple
        A batch: it tells the shapes, of which the number of images alone may differ, and the dtypes.
    count : int, optional
        Batches of an epoch; None where there is no end.

    Returns
    -------
    data : tf.data.Dataset
    """
    import tensorflow as tf

    signature = tf.nest.map_structure(lambda array: tf.TensorSpec((None, *array.shape[1:]), array.dtype), first)
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    data = tf.data.Dataset.from_generator(batches, output_signature=signature).prefetch(AHEAD).with_options(options)
    return data if count is None else data.apply(tf.data.experimental.assert_cardinality(count))


def in_order(arrays: Sequence[np.ndarray], batch: int):
    """Make a data set of arrays in their order.

    Parameters
    ----------
    arrays : sequence of (N, ...) arrays
    batch : int
        Rows of each at once; the last ones may be fewer.

    Returns
    -------
    data : tf.data.Dataset
    """

    def batches() -> Iterator[tuple]:
        for start in range(0, len(arrays[0]), batch):
            yield tuple(array[start : start + batch] for array in arrays)

    return feed(batches, next(batches()), -(-len(arrays[0]) // batch))
