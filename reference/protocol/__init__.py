"""The wires as tables and pure functions: no I/O, no clock, no chance."""
