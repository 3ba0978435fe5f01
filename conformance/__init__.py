"""The judge: clauses, cases, targets, grading, transcripts, reports. It reaches every part over its wire alone."""
