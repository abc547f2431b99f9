"""What `gan.py` measures against, written after the published code in the form that Keras 3 runs."""

import keras
import tensorflow as tf  # noqa: TID253, a peer as it is published
from keras import layers

from cvkit.deep.adversarial import Adversarial
from cvkit.deep.gans import build_gan

LATENT = 128


class Example(keras.Model):
    """The GAN at the end of Keras' guide to custom training steps: labels with noise, no `training=True`.

    https://keras.io/guides/custom_train_step_in_tensorflow/
    """

    batch = 64

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.generator, self.discriminator = _example_generator(), _example_discriminator()
        self.entropy = keras.losses.BinaryCrossentropy(from_logits=True)
        self.first, self.second = keras.optimizers.Adam(rate), keras.optimizers.Adam(rate)
        self.seeds = keras.random.SeedGenerator(1)
        self.built = True

    def call(self, noise):
        """Noise to images in -1..1."""
        return self.generator(noise)

    def train_step(self, data) -> dict:
        """One step of each."""
        real = data[0] if isinstance(data, tuple) else data
        count = tf.shape(real)[0]
        noise = keras.random.normal((count, LATENT), seed=self.seeds)
        images = tf.concat([self.generator(noise), real], axis=0)
        labels = tf.concat([tf.ones((count, 1)), tf.zeros((count, 1))], axis=0)
        labels += 0.05 * keras.random.uniform(tf.shape(labels), seed=self.seeds)
        with tf.GradientTape() as tape:
            loss = self.entropy(labels, self.discriminator(images))
        self.first.apply(
            tape.gradient(loss, self.discriminator.trainable_weights), self.discriminator.trainable_weights
        )
        noise = keras.random.normal((count, LATENT), seed=self.seeds)
        with tf.GradientTape() as tape:
            lost = self.entropy(tf.zeros((count, 1)), self.discriminator(self.generator(noise)))
        self.second.apply(tape.gradient(lost, self.generator.trainable_weights), self.generator.trainable_weights)
        return {"discriminator": loss, "generator": lost}


def _example_generator() -> keras.Model:
    slope = {"negative_slope": 0.2}
    noise = keras.Input((LATENT,))
    x = layers.LeakyReLU(**slope)(layers.Dense(8 * 8 * 128)(noise))
    x = layers.Reshape((8, 8, 128))(x)
    for _ in range(2):
        x = layers.LeakyReLU(**slope)(layers.Conv2DTranspose(128, 4, strides=2, padding="same")(x))
    return keras.Model(noise, layers.Conv2D(1, 7, padding="same", activation="tanh")(x))


def _example_discriminator() -> keras.Model:
    image = keras.Input((32, 32, 1))
    x = image
    for filters in (64, 128):
        x = layers.LeakyReLU(negative_slope=0.2)(layers.Conv2D(filters, 3, strides=2, padding="same")(x))
    return keras.Model(image, layers.Dense(1)(layers.GlobalMaxPooling2D()(x)))


def example(rate: float) -> Example:
    """Keras' example, ready to fit."""
    model = Example(rate)
    model.compile(jit_compile=False)
    model.first.build(model.discriminator.trainable_variables)
    model.second.build(model.generator.trainable_variables)
    return model


def tutorial(rate: float) -> Adversarial:
    """The recipe of PyTorch's DCGAN tutorial on our light net: batch normalisation in both, Adam, beta .5, batch 64.

    https://docs.pytorch.org/tutorials/beginner/dcgan_faces_tutorial.html
    """
    return build_gan(f"dcgan(preset='classic', rate={rate}, batch=64)", (32, 32, 1), 0)


class Plain(Example):
    """The step of Keras' example, with `training=True`, on our light net: nothing but the two steps."""

    def __init__(self) -> None:
        super().__init__(1e-3)
        twin = build_gan("dcgan", (32, 32, 1), 0)
        self.generator, self.discriminator = twin.generator, twin.discriminator

    def train_step(self, data) -> dict:
        """One step of each."""
        real = data[0] if isinstance(data, tuple) else data
        noise = keras.random.normal((tf.shape(real)[0], LATENT), seed=self.seeds)
        images = tf.concat([self.generator(noise, training=True), real], axis=0)
        labels = tf.concat([tf.zeros((tf.shape(real)[0], 1)), tf.ones((tf.shape(real)[0], 1))], axis=0)
        with tf.GradientTape() as tape:
            loss = self.entropy(labels, self.discriminator(images, training=True))
        weights = self.discriminator.trainable_weights
        self.first.apply(tape.gradient(loss, weights), weights)
        noise = keras.random.normal((tf.shape(real)[0], LATENT), seed=self.seeds)
        with tf.GradientTape() as tape:
            logits = self.discriminator(self.generator(noise, training=True), training=True)
            lost = self.entropy(tf.ones_like(logits), logits)
        weights = self.generator.trainable_weights
        self.second.apply(tape.gradient(lost, weights), weights)
        return {"discriminator": loss, "generator": lost}


def plain() -> Plain:
    """The plain step, ready to fit."""
    model = Plain()
    model.compile(jit_compile=False)
    model.first.build(model.discriminator.trainable_variables)
    model.second.build(model.generator.trainable_variables)
    return model
