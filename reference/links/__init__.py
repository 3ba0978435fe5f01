"""How a host reaches a fiscal module: the link below (bytes to and fro) and the session above (typed
commands)."""
