"""Cases for an owner portal, through its API, the sync API of points of sale and the payment providers."""
