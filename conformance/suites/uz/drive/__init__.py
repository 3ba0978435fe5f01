"""Cases whose target is a drive of the Uzbek chain."""
