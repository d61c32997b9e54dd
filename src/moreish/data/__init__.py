"""From a file to items, to ids, to batches."""
