"""`python -m reference.kkm`: the register process; with a key's name, a client that presses that key."""

from __future__ import annotations

import sys

from reference.kkm import cli


def _epilog() -> str:
    lines = [f"  {name:<15}{text}" for name, text in cli.commands()]
    return "\n".join(["keys of a running register (python -m reference.kkm KEY --help):", *lines])


def main(arguments: list[str] | None = None) -> int:
    """Serve, or press a key where one is named; gives the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    names = {name for name, _ in cli.commands()}
    _common, rest = cli.sorted_words(words)
    if rest and rest[0] in names:
        return cli.main(words)
    # A key that is pressed from a shell must not wait for a server's imports.
    from reference.kkm import process

    return process.main(words[1:] if words[:1] == ["serve"] else words, _epilog())


if __name__ == "__main__":
    sys.exit(main())
