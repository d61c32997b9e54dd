"""What each command does: it asks `moreish.api` and shows the answer with `moreish.terminal`."""
