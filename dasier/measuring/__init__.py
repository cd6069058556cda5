"""Measures of quality, for what builds and for what judges: numpy alone, so that they run where models are served."""
