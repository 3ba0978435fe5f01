"""Cases about generation 1: JSON-RPC of FiscalDriveAPI (uz-fiscal §3, §9.1, §14)."""
