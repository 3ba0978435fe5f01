"""The judge inside pytest: its cases as test items, and its drivers as fixtures for a vendor's own tests."""
