"""The emulated fiscal module, applet 0400: pure core, flash, shells, defects (uz-fiscal §5 … §7)."""
