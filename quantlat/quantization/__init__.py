"""INT8 post-training quantisation: calibration, INC, the quantised model and its file, coverage, sensitivity."""
