"""Sees inside any PyTorch net while it trains. Depends on torch only."""
