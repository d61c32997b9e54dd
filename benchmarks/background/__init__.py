"""How well a little list is learnt, on kinds of lists that no background net has read."""
