"""What the operator shows in a browser: state page, ledger, check page, and the payment API behind it."""
