"""What happens after every batch and epoch of a training: scores, checkpoints, the best weights, pictures."""

import io
import math
import time

import keras
import numpy as np

from cvkit.deep.averaging import Statistics, averaged
from cvkit.deep.data import Patches
from cvkit.deep.run import Run
from cvkit.deep.segmenter import Segmenter
from cvkit.errors import CvkitError

PICTURES = 60  # seconds between two drawings
SETTLE = 30  # batches that the last statistics of normalisation are measured on


class Keeper(keras.callbacks.Callback):
    """Keep a training in its run folder, and take it up from there.

    Parameters
    ----------
    run : Run
    segmenter : Segmenter
        Compiled and built, with an optimizer that averages the weights.
    patches : Patches
    checks : (images, truths) or None
        What is measured after each epoch, with averaged weights; a picture shows the first of them.
    patience : int or None
        Epochs without a better score until the training stops.
    """

    def __init__(self, run: Run, segmenter: Segmenter, patches: Patches, checks: tuple | None, patience) -> None:
        super().__init__()
        self.run, self.segmenter, self.patches, self.checks, self.patience = run, segmenter, patches, checks, patience
        self.history, self.best, self.best_epoch, self.drawn = [], None, None, 0.0
        self.settle = Statistics(segmenter.network)
        count = int(np.clip(len(patches) // 10, 2, 10))
        self.statistics = range(len(patches), len(patches) + count)  # numbers of batches that no epoch learns from
        names = [score.name for score in segmenter.scores]
        self.score, self.sign = (f"val_{names[0]}", 1) if names else ("val_loss", -1)
        self.parts = {"network": segmenter.network.variables, "optimizer": segmenter.optimizer.variables}
        if segmenter.teacher:
            self.parts["teacher"] = segmenter.teacher.variables

    @property
    def finished(self) -> bool:
        """Whether the patience is over."""
        return bool(self.patience and self.best and len(self.history) - self.best_epoch >= self.patience)

    def restore(self) -> int:
        """Set everything to the last state of the folder; give the epoch to begin with."""
        found = self.run.load()
        if found is None:
            return 0
        tensors, state = found
        for part, variables in self.parts.items():
            for number, variable in enumerate(variables):
                variable.assign(tensors[f"{part}-{number:04d}"])
        self.best = [tensors[name] for name in sorted(tensors) if name.startswith("best-")] or None
        self.history, self.best_epoch = state["history"], state["best_epoch"]
        self.run.write_history(self.history)
        return len(self.history)

    def on_epoch_begin(self, epoch, logs=None) -> None:
        """Let the patches of the epoch be drawn."""
        self.patches.epoch = epoch

    def on_train_batch_end(self, batch, logs=None) -> None:
        """Stop at a loss that is no number: nothing that follows would be."""
        if not math.isfinite(logs["loss"]):
            pairs = ", ".join(map(str, sorted(set(self.patches.drawn(batch)))))
            what = f"the loss of batch {batch + 1} of epoch {len(self.history) + 1} is {logs['loss']}"
            raise self._diverged(f"{what}; it was cut from pairs {pairs}", "look at these pairs, or ")

    def on_test_begin(self, logs=None) -> None:
        """Put the averaged weights in, to be measured."""
        network = self.segmenter.network
        self.kept = [keras.ops.convert_to_numpy(variable) for variable in network.variables]
        batches = (self.images(number) for number in self.statistics)
        self.measured = averaged(network, self.segmenter.optimizer, self.settle, batches)
        network.set_weights(self.measured)

    def on_test_end(self, logs=None) -> None:
        """Look at the picture, then learn on with the weights as they were."""
        self.answers = keras.ops.convert_to_numpy(self.segmenter(self.checks[0][:4]))
        for variable, value in zip(self.segmenter.network.variables, self.kept, strict=True):
            variable.assign(value)

    def on_epoch_end(self, epoch, logs=None) -> None:
        """Write down how it went and, if it never went better, the weights; they must be numbers."""
        tensors = {
            f"{part}-{number:04d}": np.asarray(keras.ops.convert_to_numpy(variable))
            for part, variables in self.parts.items()
            for number, variable in enumerate(variables)
        }
        if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
            raise self._diverged(f"weights are NaN or infinite after epoch {epoch + 1}, of which the loss was a number")
        row = {name: float(value) for name, value in logs.items()}
        scores = [self.sign * past.get(self.score, 0) for past in self.history]
        self.history.append({"epoch": epoch + 1, **row})
        if self.score in row and (not scores or self.sign * row[self.score] > max(scores)):
            self.best, self.best_epoch = self.measured, epoch + 1
        self._save(tensors)
        self.run.write_history(self.history)
        last = self.finished or epoch + 1 == self.params["epochs"]
        if last or time.monotonic() > self.drawn + PICTURES:
            self._draw()
        if self.finished:
            self.model.stop_training = True

    def finish(self, epochs: int) -> None:
        """Leave the network with the averaged weights, of the best epoch if there is one, and their statistics."""
        network = self.segmenter.network
        if self.best:
            network.set_weights(self.best)
        else:
            self.segmenter.optimizer.finalize_variable_values(network.trainable_variables)
        self.patches.epoch = epochs
        self.settle(self.images(number) for number in range(SETTLE))

    def images(self, number: int) -> np.ndarray:
        """The images of a batch, without the others that are not labelled."""
        images = self.patches[number][0]
        return images[0] if isinstance(images, tuple) else images

    def _diverged(self, what: str, remedy: str = "") -> CvkitError:
        kept = f"the weights of epoch {len(self.history)} are kept" if self.history else "there are no earlier weights"
        rate = max(float(self.segmenter.optimizer.learning_rate), 1e-5)  # it is next to nothing at the end
        remedy += f"train in a new folder at a lower rate: plan=Plan(rate={rate:.1g}), --rate in the command line"
        return CvkitError("training-diverged", came=f"{what}, and {kept} in {self.run.folder}", remedy=remedy)

    def _save(self, tensors: dict[str, np.ndarray]) -> None:
        tensors = tensors | {f"best-{number:04d}": value for number, value in enumerate(self.best or [])}
        state = {"epoch": len(self.history), "history": self.history, "best_epoch": self.best_epoch}
        self.run.save(tensors, state)

    def _draw(self) -> None:
        """Draw the curves, and what the network says of what is held back."""
        from cvkit.compare.curves import curves
        from cvkit.compare.plot import grid

        figures = {"curves.png": curves(self.history)}
        if self.checks and self.segmenter.scores:
            count = len(self.answers)
            image, truth = (np.concatenate(part[:count], axis=1) for part in self.checks)
            said = np.concatenate(self.answers, axis=1)
            said = said[:, :, 0] > 0.5 if said.shape[2] == 1 else said.argmax(axis=2)
            title = f"epoch {len(self.history)}"
            figures["predictions.png"] = grid(np.squeeze(image), {title: said.astype(np.uint8)}, truth)
        for name, figure in figures.items():
            picture = io.BytesIO()
            figure.savefig(picture)
            self.run.write(name, picture.getvalue())
        self.drawn = time.monotonic()
