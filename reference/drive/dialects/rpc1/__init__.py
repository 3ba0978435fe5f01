"""FiscalDriveAPI: JSON-RPC 2.0 at `/rpc/api` on port 3448 (uz-fiscal §3)."""
