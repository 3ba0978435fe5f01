"""Archives of a register: transactions, Z and X reports, shifts; papers; downloads (kz-ofd §15.10, KZ-ARC).

The ledger is only read here. `spans` finds the documents of a period or a shift, `records` reads rows,
`lists` and `papers` show them, `packing` writes them into a ZIP and `store` keeps what was packed.
"""
