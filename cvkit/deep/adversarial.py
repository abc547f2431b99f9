"""Adversarial: a generator and a discriminator with the training step that their game needs."""

import keras
from keras import ops

from cvkit.arrays import number, whole
from cvkit.deep import gan_augment, objectives, penalties
from cvkit.deep.checkpoint import read_state, write_state
from cvkit.deep.objectives import told_apart
from cvkit.deep.penalties import in_float32
from cvkit.deep.regions import borrowed, distance
from cvkit.errors import CvkitError

FALL, LEAST = 0.7, 0.05  # the share of the training in which the rate falls, and what is left of it at last


class Adversarial(keras.Model):
    """Train a generator against a discriminator.

    Parameters
    ----------
    generator : keras.Model
        A latent array, and a condition if there is one, to images (N, H, W, C) in -1..1.
    discriminator : keras.Model
        Images, and a condition if there is one, to logits (N, 1), or (N, h, w, 1) of patches.
        A condition is one-hot: (N, classes), or (N, H, W, classes) of a class map.
    objective : str
        See `cvkit.deep.objectives`: ``"non_saturating(smoothing=0.1)"`` for example.
    penalty : str
        See `cvkit.deep.penalties`: ``"r1(gamma=0.1, every=4)"`` for example; empty for none.
    augment : str
        See `cvkit.deep.gan_augment`: ``"adaptive(target=0.8)"`` for example; empty for none.
    discriminator_steps : int
        Steps of the discriminator, each on a batch of its own, for one of the generator.
    distance : float
        Weight of the mean absolute difference between a generated image and the real one of the same condition,
        in the generator's loss: for pairs, as in pix2pix.

    Examples
    --------
    ``gan = registry.gan("dcgan")((32, 32, 1)); gan.fit(images)``, images float32 in -1..1; ``gan.fit(images, classes)``
    where there is a condition, or a ``tf.data`` of ``x``, ``(x, y)``, or a dict of ``image`` and ``condition``.
    """

    average_momentum = 0.998
    batch = 32  # images in a batch, for which the rates are made

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        objective: str = "non_saturating",
        penalty: str = "r1(gamma=1, every=4)",
        augment: str = "",
        discriminator_steps: int = 1,
        distance: float = 0.0,
    ) -> None:
        super().__init__()
        if keras.config.dtype_policy().name == "mixed_float16":
            raise CvkitError("gan-precision", came="mixed_float16 loses small gradients", remedy="use mixed_bfloat16")
        self.generator, self.discriminator = generator, discriminator
        self.average = keras.models.clone_model(generator)
        self.average.set_weights(generator.get_weights())
        self.average.trainable = False
        self.objective, self.compares = objectives.find(objective)
        self.penalties, self.augmentation = penalties.find(penalty), gan_augment.find(augment)
        self.discriminator_steps = whole(discriminator_steps, "discriminator_steps")
        self.distance = number(distance, "distance", 0)
        self.normalised = any(isinstance(part, keras.layers.BatchNormalization) for part in discriminator.layers)
        self.seeds = keras.random.SeedGenerator()
        self.steps = self._number("steps", "int32")  # of the discriminator, so far
        self.horizon = self._number("horizon", "int32")  # steps until the end of the training; 0 = not known
        self.caution = self._number("caution", "float32", 1.0)  # a factor of both rates
        self.strength = self._number("strength", "float32")  # of the augmentation
        names = ("discriminator", "generator", "penalty", "told_apart", *(["strength"] if self.augmentation else []))
        self.trackers = {name: keras.metrics.Mean(name=name) for name in names}
        self.built = True
        self.compile()

    def _number(self, name: str, dtype: str, value: float = 0):
        return self.add_weight(name=name, shape=(), dtype=dtype, initializer=lambda *_, **__: value, trainable=False)

    @property
    def metrics(self) -> list:
        """The trackers, reset at every epoch; ``told_apart`` is the share of pairs ordered right."""
        return list(self.trackers.values())

    @property
    def latent_shape(self) -> tuple:
        """Shape of the noise that one image is made of."""
        return tuple(self.generator.inputs[0].shape[1:])

    @property
    def condition_shape(self) -> tuple | None:
        """Shape of one image's one-hot condition; None if there is none."""
        return tuple(self.generator.inputs[1].shape[1:]) if len(self.generator.inputs) > 1 else None

    def compile(self, generator_optimizer=None, discriminator_optimizer=None, **settings) -> None:
        """Set the two optimizers, each with its learning rate; by default Adam(1e-3, 0, 0.99) both.

        Parameters
        ----------
        generator_optimizer, discriminator_optimizer : keras.optimizers.Optimizer, optional
        **settings
            ``run_eagerly`` and ``steps_per_execution`` of `keras.Model.compile`.
        """
        generator_optimizer = generator_optimizer or keras.optimizers.Adam(1e-3, 0.0, 0.99)
        discriminator_optimizer = discriminator_optimizer or keras.optimizers.Adam(1e-3, 0.0, 0.99)
        super().compile(optimizer=generator_optimizer, jit_compile=False, **settings)  # XLA is slower on CPUs
        self.discriminator_optimizer = discriminator_optimizer
        self.optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        self.rates = [(one, float(one.learning_rate)) for one in (self.optimizer, self.discriminator_optimizer)]

    def ready(self, rate: float | tuple[float, float], beta: float, momentum: float, batch: int) -> "Adversarial":
        """Compile with Adam(rate, beta, momentum) for both networks, or a rate for each; set the batch; give itself."""
        rates = rate if isinstance(rate, list | tuple) else [rate, rate]
        if len(rates) != 2:
            expected = "`rate` must be one number, or one for the generator and one for the discriminator"
            raise CvkitError("gan-rate", expected, came=str(rates))
        self.batch = whole(batch, "batch", 2)
        self.compile(*(keras.optimizers.Adam(number(one, "rate", 0), beta, momentum) for one in rates))
        return self

    def call(self, latent, condition=None):
        """Make images from latent arrays with the averaged generator, its statistics fixed."""
        return self.make(self.average, latent, condition, training=False)

    def draw(self, count):
        """Draw latent arrays (count, ...) from the model's own seeds."""
        return keras.random.normal((count, *self.latent_shape), seed=self.seeds)

    def train_step(self, data) -> dict:
        """One step of the discriminator, and one of the generator if it is its turn."""
        import tensorflow as tf

        real, condition = self._unpack(data)
        self._set_rates()
        if self.discriminator_steps == 1:
            self._both_steps(real, condition)
        else:
            turn = (self.steps + 1) % self.discriminator_steps == 0
            tf.cond(turn, lambda: self._both_steps(real, condition), lambda: self._one_step(real, condition))
        self.steps.assign_add(1)
        return self.get_metrics_result()

    def test_step(self, data) -> dict:
        """Both losses on a batch, by the averaged generator; nothing learnt."""
        real, condition = self._unpack(data)
        fake = self(self.draw(ops.shape(real)[0]), condition)
        logits = [self._judge(images, condition, training=False) for images in (real, fake)]
        losses = self.objective(*logits)
        self._track(discriminator=losses[0], generator=losses[1], told_apart=told_apart(*logits))
        return self.get_metrics_result()

    def _one_step(self, real, condition) -> int:
        fake = self.make(self.generator, self.draw(ops.shape(real)[0]), condition, training=True)
        self._discriminator_step(real, ops.stop_gradient(fake), condition)
        return 0

    def _both_steps(self, real, condition) -> int:
        """Step of the discriminator, then of the generator, on the same generated images: made once."""
        import tensorflow as tf

        weights = self.generator.trainable_variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([weight.value for weight in weights])
            fake = self.make(self.generator, self.draw(ops.shape(real)[0]), condition, training=True)
            self._discriminator_step(real, ops.stop_gradient(fake), condition)
            logits = self._judge(self._augmented(fake), condition)
            others = self._judge(self._augmented(real), condition) if self.compares else logits
            loss = self.objective(others, logits)[1]
            if self.distance:
                loss = loss + self.distance * distance(fake, real, condition)
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        self._follow()
        self._track(generator=loss)
        return 0

    def _discriminator_step(self, real, fake, condition) -> None:
        import tensorflow as tf

        real, fake, weights = self._augmented(real), self._augmented(fake), self.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            logits = self._judge_both(real, fake, condition)
            loss = self.objective(*logits)[0]
            penalty = self._penalty(real, fake, condition)
            total = loss + penalty
        self.discriminator_optimizer.apply(tape.gradient(total, weights), weights)
        sure = told_apart(*logits)
        if self.augmentation:
            batch = ops.cast(ops.shape(real)[0], "float32")
            self.strength.assign(self.augmentation.step(self.strength, sure, batch))
            self._track(strength=self.strength)
        self._track(discriminator=loss, penalty=penalty, told_apart=sure)

    def _judge_both(self, real, fake, condition) -> tuple:
        """Logits of real and generated images: in one batch, but not where its statistics would mix the two."""
        if self.normalised:
            return self._judge(real, condition), self._judge(fake, condition)
        twice = None if condition is None else ops.concatenate([condition, condition])
        logits = self._judge(ops.concatenate([real, fake]), twice)
        count = ops.shape(real)[0]
        return logits[:count], logits[count:]

    def _judge(self, images, condition, training: bool = True):
        given = images if condition is None else [images, condition]
        return ops.cast(self.discriminator(given, training=training), "float32")

    def make(self, generator, latent, condition, training: bool):
        """Make images (N, H, W, C) float32; in training conditions that are not known are borrowed from others."""
        wanted = borrowed(condition) if training and condition is not None else condition
        given = [ops.convert_to_tensor(part) for part in (latent, wanted) if part is not None]
        return ops.cast(generator(given if len(given) > 1 else given[0], training=training), "float32")

    def _augmented(self, images):
        return gan_augment.augment(images, self.strength, self.seeds) if self.augmentation else images

    def _penalty(self, real, fake, condition):
        """The sum of the penalties whose turn it is, in float32 whatever the precision of the discriminator."""
        import tensorflow as tf

        def slope(images):
            with tf.GradientTape() as tape, in_float32(self.discriminator):
                tape.watch(images)
                logits = self._judge(images, condition)
            return tape.gradient(logits, images)

        total = ops.zeros(())
        for penalty, every in self.penalties:

            def value(penalty=penalty, every=every):
                return every * penalty(slope, real, fake, self.seeds)

            total += value() if every == 1 else tf.cond(self.steps % every == 0, value, lambda: tf.zeros(()))
        return total

    def _set_rates(self) -> None:
        """Learning rates: those of the optimizers; if there is a horizon, they fall in a line before it."""
        done = ops.cast(self.steps, "float32") / ops.maximum(1.0, ops.cast(self.horizon, "float32"))
        line = LEAST + (1 - LEAST) * ops.clip((1 - done) / FALL, 0.0, 1.0)
        factor = self.caution * ops.where(self.horizon > 0, line, 1.0)
        for optimizer, rate in self.rates:
            optimizer.learning_rate.assign(rate * factor)

    def _follow(self) -> None:
        """Move the averaged generator, its statistics of normalisation too; faster at first, when there is no past."""
        count = ops.cast(self.steps, "float32")
        momentum = ops.minimum(self.average_momentum, (1 + count) / (10 + count))
        for mean, now in zip(self.average.weights, self.generator.weights, strict=True):
            mean.assign(now + momentum * (mean - now))

    def _track(self, **values) -> None:
        for name, value in values.items():
            self.trackers[name].update_state(value)

    def _unpack(self, data) -> tuple:
        """Images as float32 and the condition one-hot, of a batch in any of the forms that `fit` takes."""
        real, condition, weights = keras.utils.unpack_x_y_sample_weight(data)
        if isinstance(real, dict):
            real, condition = real["image"], real.get("condition")
        if weights is not None:
            raise CvkitError("gan-weights", came="a GAN takes no sample weights", remedy="leave those images out")
        wanted = self.condition_shape
        if (condition is None) != (wanted is None):
            came, remedy = ("needs a condition", "fit(images, classes)") if wanted else ("takes none", "fit(images)")
            raise CvkitError("gan-condition", came=f"this GAN {came} beside the images", remedy=remedy)
        return ops.cast(real, "float32"), self.one_hot(condition) if wanted else None

    def one_hot(self, condition):
        """Classes (N,) or class maps (N, H, W) as (..., classes) float32; void pixels are of none."""
        wanted = self.condition_shape
        condition = ops.reshape(ops.cast(condition, "int32"), (-1, *wanted[:-1]))
        return ops.one_hot(condition, wanted[-1], dtype="float32")

    def parts(self) -> dict[str, list]:
        """All that a training is made of, by name: weights, statistics, moments, seeds, counters."""
        return {
            "generator": self.generator.variables,
            "discriminator": self.discriminator.variables,
            "average": self.average.variables,
            "generator_optimizer": self.optimizer.variables,
            "discriminator_optimizer": self.discriminator_optimizer.variables,
            "game": [self.steps, self.horizon, self.caution, self.strength, self.seeds.state],
        }

    def save(self, filepath, overwrite: bool = True, **_) -> None:
        """Write the whole state of the training into a safetensors file, from which `restore` goes on."""
        write_state(filepath, self.parts(), overwrite=overwrite)

    def restore(self, filepath) -> None:
        """Take over the state that `save` wrote: what follows is what would have followed, bit for bit.

        Raises
        ------
        FileNotFoundError, ValueError
            If there is no such file, or it is of another model: which variable differs is said.
        """
        read_state(filepath, self.parts())
