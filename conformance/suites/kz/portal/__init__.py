"""Cases whose target is a portal of the Kazakh chain, through its API."""
