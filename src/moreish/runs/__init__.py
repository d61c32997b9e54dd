"""The run folder: nothing lost, nothing half-written taken for whole, nothing of a stranger believed unchecked."""
