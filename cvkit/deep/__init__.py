"""Deep networks. What is imported here runs trained models, and needs neither Keras nor TensorFlow."""

from cvkit.deep.card import annotate, read_card
from cvkit.deep.predict import probabilities, segment
from cvkit.deep.tuning import calibrate, tune_model
from cvkit.deep.uncertainty import uncertainty

__all__ = ["annotate", "calibrate", "probabilities", "read_card", "segment", "tune_model", "uncertainty"]
