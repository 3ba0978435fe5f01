"""Messages of protocol versions 1.2.4, 2.0.2, 2.0.3 and 2.0.4 (kz-ofd §11, §12); `_pb2` files are generated.

Written by `python -m tools.protoc` from the `.proto` texts beside them. `reference.protocol.kz.dialects`
picks the module for a frame's VERSION.
"""
