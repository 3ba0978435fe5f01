"""FiscalDriveService, generation 2: registration, store, sender, and the REST dialect (uz-fiscal §4)."""
