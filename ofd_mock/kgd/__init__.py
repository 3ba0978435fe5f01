"""The tax body's stand-in: when it answers an application about a register, and what (kz-ofd §15.6)."""
