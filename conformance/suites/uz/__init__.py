"""Cases of the Uzbek chain."""
