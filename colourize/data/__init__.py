"""Sources of pictures, their splits and batches."""
