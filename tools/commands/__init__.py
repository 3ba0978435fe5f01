"""The commands of `kassalab`, one file per group; tools/cli.py registers them."""
