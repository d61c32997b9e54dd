"""How it is seen: hooks, measurements and the clock, attached to a model while it trains."""
