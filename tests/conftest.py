"""Keras, imported once, its start-up warnings, which are not ours, passed over; and how properties are tried."""

import warnings

import pytest
from hypothesis import HealthCheck, settings

# The same examples in every run, and none refused because the machine is busy.
settings.register_profile(
    "ours", deadline=None, max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ours")


@pytest.fixture(scope="session")
def keras():
    """Keras; the libraries that it imports warn of their own future."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cvkit.deep.quiet import import_keras

        return import_keras()
