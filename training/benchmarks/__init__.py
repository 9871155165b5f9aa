"""The report's benchmarks, for any engine and any diffusers pipeline: draw, judge, one page."""
