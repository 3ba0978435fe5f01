"""How the outside reaches an emulated module: one shell a wire."""
