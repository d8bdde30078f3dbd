"""What is served over HTTP: health and, later, pages. Knows flows, never tables."""
