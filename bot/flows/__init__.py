"""One use case = load, decide, record, answer, in one transaction. Knows the domain and the ports."""
