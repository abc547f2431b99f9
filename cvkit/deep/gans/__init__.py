"""Generative adversarial networks; a file is a GAN, its `build` gives an `Adversarial` ready to train."""
