"""What a person runs: the `kassalab` command and what stands behind it."""
