"""The scalar autograd engine: every number a node, every gradient in plain sight. Standard library only."""
