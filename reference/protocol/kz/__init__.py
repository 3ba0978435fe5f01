"""The wire of the Kazakh chain: frames, messages of four versions, documents, rules, counters, modes."""
