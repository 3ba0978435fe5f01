"""The typeface of papers, Cyrillic and Kazakh letters too: DejaVu Sans Mono; its licence is beside it."""
