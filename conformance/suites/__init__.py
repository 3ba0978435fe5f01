"""The suites: every module below is imported by `conformance.cases.load_suites`, which registers cases."""
