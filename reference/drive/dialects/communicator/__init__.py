"""E-POS Universal Communicator: `POST /uzpos` on port 8347 (uz-fiscal §13.2)."""
