"""Cases whose target is a module of the Uzbek chain.

Every case finds its own beginning in what the module says, so they run in any order, one alone, and on any
module. What they share is in `books`. A run over the wire alone leaves its marks on a module: its time stands
about two months further on, and some 200 of its blocks hold Z-reports for good.
"""
