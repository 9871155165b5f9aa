"""What teaches the eyes that the chat looks at pictures with; the judge's examples are others."""
