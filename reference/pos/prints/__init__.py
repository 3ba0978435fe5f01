"""Receipts and Z-reports on paper: one document of typed lines, drawn four ways (UZ-POS-04, UZ-POS-05).

    facts ─► document (what is said) ─► rows (where it stands) ─► text, picture, PDF, printer's bytes

All four draw the same rows, so that all of them say the same.
"""
