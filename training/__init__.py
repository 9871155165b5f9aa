"""Make the engines: data, stages, evaluation."""
