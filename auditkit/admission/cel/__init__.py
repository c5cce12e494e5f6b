"""The Common Expression Language: parsed and checked by a library, evaluated as the API server does."""
