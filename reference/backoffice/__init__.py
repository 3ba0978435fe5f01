"""The owner's portal: what a shop's owner sees of its points of sale, and how he runs them from afar."""
