"""The operator's portal for taxpayers: what it knows and by which rules it decides (kz-ofd §15).

These modules are plain tables and functions; pages and storage stand on top of them.
"""
