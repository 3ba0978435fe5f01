"""`kassalab audit`: what an archive downloaded from the portal must be like, and what of it is not.

`archive` reads the ZIP, `chain` follows its Z reports, `checks` walks through its rows. Every finding names
its place and says why it is one.

`shop_books` reads what till, module, operator and owner's portal of a lab's folder have kept, `shop` lays
them side by side.
"""
