"""The reference point of sale: orders become receipts, receipts become paper, nothing is lost between."""
