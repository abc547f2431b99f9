"""Keras, imported once, its start-up warnings, which are not ours, passed over."""

import warnings

import pytest


@pytest.fixture(scope="session")
def keras():
    """Keras; the libraries that it imports warn of their own future."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cvkit.deep.quiet import import_keras

        return import_keras()
