"""QPOS: `POST /api` on port 2040, `{method, params}` in, `{code, message, data}` out (uz-fiscal §13.1)."""
