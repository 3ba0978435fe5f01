"""Cases whose target is a module of the Uzbek chain."""
