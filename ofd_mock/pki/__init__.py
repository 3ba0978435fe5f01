"""The test certificate authority and the check of signatures (kz-ofd §16.1, §16.2).

Keys, certificates and persons are made up: no key of a real authority is here, and none is accepted. The
modules are plain functions of bytes and of a moment handed in; `authority` alone keeps a folder, `web` serves
it.
"""
