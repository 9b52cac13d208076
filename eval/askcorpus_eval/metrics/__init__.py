"""What is measured: one small function a metric, each with its definition, formula and source."""
