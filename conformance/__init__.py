"""The judge: clauses, cases, targets, grading, transcripts and reports.

It reaches parts over the wire alone.
"""
