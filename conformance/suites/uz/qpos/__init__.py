"""Cases about QPOS, a wrapper around generation 1 (uz-fiscal §13.1, §14)."""
