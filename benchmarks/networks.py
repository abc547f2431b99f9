"""What each network costs: parameters, operations and time of an image of 256 x 256 in ONNX Runtime on one thread.

python benchmarks/networks.py
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
from common import table, write_results

from cvkit import registry
from cvkit.deep.build import build
from cvkit.deep.export import _write_onnx
from cvkit.deep.reach import reach

SIDE, ROUNDS = 256, 5
LITE0 = [f"{name}(encoder='efficientnet_lite0')" for name in ("unet", "linknet", "fpn", "pspnet", "deeplab_v3_plus")]


def operations(network) -> float:
    """Multiplications and additions of convolutions and products for an image, in millions, by TensorFlow's count."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2_as_graph as freeze

    call = tf.function(lambda image: network(image, training=False))
    graph = freeze(call.get_concrete_function(tf.TensorSpec((1, SIDE, SIDE, 3))))[0].graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    return tf.compat.v1.profiler.profile(graph, options=options).total_float_ops / 1e6


def session(network, folder: Path) -> onnxruntime.InferenceSession:
    """The network in ONNX Runtime, on one thread."""
    _write_onnx(network, folder / "model.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession((folder / "model.onnx").read_bytes(), options)


def main() -> None:
    """Build all, then time them in turn, and keep the fastest of each."""
    facts, sessions = {}, {}
    for text in [*registry.networks(), *LITE0]:
        network = build(text, 3, 3)
        halo, stride = reach(network)
        seen = "everything" if halo is None else f"{halo} px"
        facts[text] = [f"{network.count_params() / 1e6:.2f}", f"{operations(network):.0f}", seen, stride]
        with tempfile.TemporaryDirectory() as folder:
            sessions[text] = session(network, Path(folder))
    image = np.random.default_rng(0).random((1, SIDE, SIDE, 3), np.float32)
    seconds = {text: [] for text in sessions}
    for _ in range(ROUNDS + 1):  # the first round plans the memory
        for text, run in sessions.items():
            began = time.process_time()
            run.run(None, {run.get_inputs()[0].name: image})
            seconds[text].append(time.process_time() - began)
    rows = [[text, *facts[text], f"{1e3 * min(found[1:]):.0f}"] for text, found in seconds.items()]
    write_results(
        "networks",
        "python benchmarks/networks.py",
        ["keras", "tensorflow", "onnxruntime"],
        f"An image of {SIDE} x {SIDE} x 3, three classes, random weights. CPU time of ONNX Runtime on one thread, the "
        f"least of {ROUNDS} rounds in turn; MFLOP counts multiplications and additions; the halo is how far from the "
        "edge of a tile its answer may differ from that of the whole image.",
        table(["network", "million parameters", "MFLOP", "halo", "stride", "CPU ms"], rows),
    )


if __name__ == "__main__":
    main()
