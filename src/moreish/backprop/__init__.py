"""Every gradient derived by hand, checked against autograd."""
