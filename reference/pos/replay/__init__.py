"""A shop's day as a file: recorded from one point of sale, replayed by the HTTP API of another."""
