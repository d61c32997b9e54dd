"""Sampling and scoring with any model."""
