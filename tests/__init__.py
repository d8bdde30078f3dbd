"""The tests, by how real they are."""
