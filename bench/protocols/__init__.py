"""Protocols A to F: what is measured of a recommender, on which logs, and against which peers."""
