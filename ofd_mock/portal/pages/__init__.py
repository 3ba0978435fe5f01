"""The portal's pages: what a taxpayer sees of it, in Russian, Kazakh and English."""
