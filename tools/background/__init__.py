"""The corpus of lists that the background net is trained on: collected from packages, filtered, with provenance."""
