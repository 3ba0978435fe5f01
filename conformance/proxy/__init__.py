"""The proxy: between a real client and a real server on any of the wires (HAR-09).

Bytes come from two sockets (`server`), are cut into units by the wire's splitter (`splitting`, `wires`), go
past the rules (`flow`, `rules`) to the other side, and are told to the `book`, which records, decodes and
lets the watchers (`watching`, `watch_*`) judge what needs no active part.
"""
