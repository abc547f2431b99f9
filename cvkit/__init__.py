"""cvkit: classical and deep image segmentation, and image generation, behind one call."""
__version__ = "0.1.0"
