"""Judge what the engines make: prompts, rules, tables."""
