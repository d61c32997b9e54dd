"""Networks, one file a family, under one contract."""
