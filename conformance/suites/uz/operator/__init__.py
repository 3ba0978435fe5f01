"""Cases whose target is a operator of the Uzbek chain."""
