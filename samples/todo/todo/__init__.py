"""A list of things to do: a page, a JSON API and an SQL database, from Python's standard library and a driver for PostgreSQL."""
