"""Cases whose target is an operator of the Kazakh chain."""
