"""Cases of the Kazakh chain."""
