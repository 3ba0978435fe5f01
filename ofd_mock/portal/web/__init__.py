"""The portal over HTTP: a JSON API, and pages that use the same desks."""
