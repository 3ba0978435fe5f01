"""What every process of the lab shares: clock, chance, faults, journal, control API, serving, storage."""
