"""Segmentation feeds generation, generation feeds segmentation: made pairs, and whether they are worth anything."""

from cvkit.deep.mixture import Mixture
from cvkit.deep.synthesis.making import synthesize, train_painter
from cvkit.deep.synthesis.scenes import copy_paste
from cvkit.deep.synthesis.share import Choice, choose_share

__all__ = ["Choice", "Mixture", "choose_share", "copy_paste", "synthesize", "train_painter"]
