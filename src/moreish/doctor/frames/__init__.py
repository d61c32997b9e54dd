"""What was seen: the frames of a run, their calls and numbers, and what is counted over them."""
