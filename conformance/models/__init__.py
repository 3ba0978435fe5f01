"""The judge's own arithmetic: small models that say what a correct part must count, number and remember."""
