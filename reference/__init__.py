"""How it is done right: the host side of a correct fiscal system, and the wires under it."""
