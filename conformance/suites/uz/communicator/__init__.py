"""Cases about the E-POS Communicator, a wrapper around generation 1 (uz-fiscal §13.2, §14)."""
