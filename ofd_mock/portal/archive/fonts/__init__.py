"""The typeface of papers: DejaVu Sans Mono, with Cyrillic and Kazakh letters; LICENSE.txt stands beside it."""
