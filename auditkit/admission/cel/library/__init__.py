"""The functions of the language, one module a subject; `functions.functions` has them all."""
