"""`kassalab audit`: what an archive downloaded from the portal must be like, and what of it is not.

`archive` reads the ZIP, `chain` follows its Z reports, `checks` walks through its rows. Every finding names
its place and says why it is one.
"""
