"""Networks; a file is a network, its `build` gives a keras.Model."""
