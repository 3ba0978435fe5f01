"""The signing service: a stand-in for the program that signs for web pages (kz-ofd §16.3–16.7).

Requests come in over a WebSocket as JSON of one of three dialects, a dialog asks the person for a key, and
the signature goes back to the page. Only keys of test authorities are used.
"""
