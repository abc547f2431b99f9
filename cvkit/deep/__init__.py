"""Deep networks. What is imported here runs trained models, and needs neither Keras nor TensorFlow."""

from cvkit.deep.card import read_card
from cvkit.deep.predict import probabilities, segment

__all__ = ["probabilities", "read_card", "segment"]
