"""The drive's other faces: generation 1 JSON-RPC, QPOS and the E-POS Communicator (uz-fiscal §3, §13).

Each is a thin reader and writer over the same core, store and sender as REST. What generation 1 does
differently stands once, in rpc1; the two wrappers call it as the real ones call FiscalDriveAPI.
"""
