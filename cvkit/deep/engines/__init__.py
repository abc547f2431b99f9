"""Engines that run an exported network; a file is an engine, its `load` gives a function of a batch."""
