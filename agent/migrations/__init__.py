"""The store's schema, version by version; agent.sessions runs these at start."""
