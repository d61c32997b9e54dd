"""Lists and texts larger than memory: made once into files that are mapped, and read from there in any order.

chunks   a list in pieces, each read by itself: symbols, lengths, hashes
distinct which items occurred before, by their hashes, a stretch of hashes at a time
make     the pieces put together, resumable; `layout` says as what, and `store` keeps and verifies it
corpus   the result, as a `Corpus`
batches  batches straight from the map, in the order that (seed, step) gives
counting n-grams in bounded memory
"""
