"""A café's month: its plan by a seed, its stand, the month played through the real wires, and the audit.

    plan (what the café lives through) ─► stand (parts and people) ─► play (days in virtual time) ─► audit

Nothing here looks into a database: orders go in at the point of sale's API, and what the month came to is
asked of the point of sale, the fiscal module, the operator and the owner's portal.
"""
